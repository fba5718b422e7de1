import { markdownToText } from '#api/lib/markdown.ts'
import type { Site } from '#api/site.ts'
import type { PublicIncident, PublicStatement } from '#api/status/document.ts'
import type { Locale } from '#content/locales.ts'
import { plain } from './said.ts'

/** What a page is to a program that reads JSON-LD (schema.org). */
export type LinkedData = Record<string, unknown>

const company = (site: Site, locale: Locale) => ({
  '@type': 'Organization',
  name: site.name[locale],
  url: site.url,
  email: site.support.email,
})

/** The first page: the status page of a company. */
export const linkedSite = (site: Site, locale: Locale, url: string, name: string): LinkedData => ({
  '@context': 'https://schema.org',
  '@type': 'WebSite',
  name,
  url,
  inLanguage: locale,
  publisher: company(site, locale),
})

/** An incident: a live report that grows by one posting with every update. */
export const linkedIncident = (incident: PublicIncident, site: Site, locale: Locale, url: string): LinkedData => ({
  '@context': 'https://schema.org',
  '@type': 'LiveBlogPosting',
  headline: plain(incident.title, locale),
  url,
  inLanguage: locale,
  datePublished: incident.createdAt,
  dateModified: incident.updates[0]?.createdAt ?? incident.createdAt,
  coverageStartTime: incident.startedAt,
  ...(incident.resolvedAt ? { coverageEndTime: incident.resolvedAt } : {}),
  publisher: company(site, locale),
  liveBlogUpdate: incident.updates.map((update) => ({
    '@type': 'BlogPosting',
    url: `${url}#u${update.number}`,
    datePublished: update.createdAt,
    articleBody: markdownToText(plain(update.body, locale)),
  })),
})

/** A statement: an article of the company. */
export const linkedStatement = (statement: PublicStatement, site: Site, locale: Locale, url: string): LinkedData => ({
  '@context': 'https://schema.org',
  '@type': 'NewsArticle',
  headline: plain(statement.title, locale),
  url,
  inLanguage: locale,
  datePublished: statement.publishedAt,
  dateModified: statement.changedAt,
  articleBody: markdownToText(plain(statement.body, locale)),
  publisher: company(site, locale),
})

/** As text that may stand inside a script element: nothing in it can end the element. */
export const linkedText = (data: LinkedData): string => JSON.stringify(data).replaceAll('<', '\\u003c')
