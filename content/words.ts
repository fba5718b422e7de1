import type { Locale } from './locales.ts'
import enAdmin from './words/en/admin.json' with { type: 'json' }
import enCompensation from './words/en/compensation.json' with { type: 'json' }
import enCustomers from './words/en/customers.json' with { type: 'json' }
import enMaintenance from './words/en/maintenance.json' with { type: 'json' }
import enMessages from './words/en/messages.json' with { type: 'json' }
import enPage from './words/en/page.json' with { type: 'json' }
import enReviews from './words/en/reviews.json' with { type: 'json' }
import enStatements from './words/en/statements.json' with { type: 'json' }
import enSubscribe from './words/en/subscribe.json' with { type: 'json' }
import zhAdmin from './words/zh-CN/admin.json' with { type: 'json' }
import zhCompensation from './words/zh-CN/compensation.json' with { type: 'json' }
import zhCustomers from './words/zh-CN/customers.json' with { type: 'json' }
import zhMaintenance from './words/zh-CN/maintenance.json' with { type: 'json' }
import zhMessages from './words/zh-CN/messages.json' with { type: 'json' }
import zhPage from './words/zh-CN/page.json' with { type: 'json' }
import zhReviews from './words/zh-CN/reviews.json' with { type: 'json' }
import zhStatements from './words/zh-CN/statements.json' with { type: 'json' }
import zhSubscribe from './words/zh-CN/subscribe.json' with { type: 'json' }

const en = {
  page: enPage,
  subscribe: enSubscribe,
  messages: enMessages,
  admin: enAdmin,
  customers: enCustomers,
  maintenance: enMaintenance,
  reviews: enReviews,
  statements: enStatements,
  compensation: enCompensation,
}

/** Every label there is. English is the contract: a key missing in another language does not compile. */
export type Labels = typeof en
const labels: Record<Locale, Labels> = {
  en,
  'zh-CN': {
    page: zhPage,
    subscribe: zhSubscribe,
    messages: zhMessages,
    admin: zhAdmin,
    customers: zhCustomers,
    maintenance: zhMaintenance,
    reviews: zhReviews,
    statements: zhStatements,
    compensation: zhCompensation,
  },
}

/** The labels of a language, by area: `wordsOf('en').page.nextUpdate`. */
export const wordsOf = (locale: Locale): Labels => labels[locale]

/** Puts values into a label's {braces}; a name that is not given stays visible, so that a mistake is seen. */
export const fill = (label: string, values: Record<string, string | number>): string =>
  label.replace(/\{(\w+)\}/g, (brace, name) => (name in values ? String(values[name]) : brace))
