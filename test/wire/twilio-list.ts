import type { Answer } from './server.ts'
import type { WireSms } from './twilio.ts'

const pageSizeMax = 1_000

/**
 * One page of the messages of an account, newest first: filtered by recipient, sender and the day of sending, with the
 * address of the next page. A message that still waits in the queue has no day, so a filter by day leaves it out.
 */
export function listMessages(sent: WireSms[], accountSid: string, url: URL): Answer {
  const query = url.searchParams
  const size = Math.min(Number(query.get('PageSize') ?? 50), pageSizeMax)
  const page = Number(query.get('Page') ?? 0)
  const fits = (sms: WireSms) => {
    const [to, from] = [query.get('To'), query.get('From')]
    if ((to && sms.to !== to) || (from && sms.sender !== from)) return false
    for (const [name, keeps] of days) {
      const day = query.get(name)?.slice(0, 10)
      if (day && !(sms.sentAt && keeps(sms.sentAt.toISOString().slice(0, 10), day))) return false
    }
    return true
  }
  const found = sent.filter(fits).reverse()
  const next = new URL(url)
  next.searchParams.set('Page', String(page + 1))
  next.searchParams.set('PageToken', `PA${found[(page + 1) * size - 1]?.sid ?? ''}`)
  const here = found.slice(page * size, (page + 1) * size)
  return {
    status: 200,
    body: {
      page,
      page_size: size,
      start: page * size,
      end: page * size + Math.max(0, here.length - 1),
      uri: `${url.pathname}${url.search}`,
      first_page_uri: `${url.pathname}${url.search}`,
      previous_page_uri: null,
      next_page_uri: found.length > (page + 1) * size ? `${next.pathname}${next.search}` : null,
      messages: here.map((sms) => rowOf(sms, accountSid)),
    },
  }
}

/** Days compare as text. */
const days: [name: string, keeps: (day: string, wanted: string) => boolean][] = [
  ['DateSent', (day, wanted) => day === wanted],
  ['DateSent<', (day, wanted) => day <= wanted],
  ['DateSent>', (day, wanted) => day >= wanted],
]

/** RFC 2822, to the second, as Twilio writes instants. */
const said = (at: Date) => at.toUTCString().replace('GMT', '+0000')

const rowOf = (sms: WireSms, accountSid: string) => ({
  sid: sms.sid,
  account_sid: accountSid,
  api_version: '2010-04-01',
  body: sms.body,
  date_created: said(sms.createdAt),
  date_sent: sms.sentAt && said(sms.sentAt),
  date_updated: said(sms.sentAt ?? sms.createdAt),
  direction: 'outbound-api',
  error_code: sms.errorCode,
  error_message: null,
  // A service chooses its number when it sends, so until then there is none.
  from: sms.sender.startsWith('MG') ? (sms.sentAt ? '+15550100000' : null) : sms.sender,
  messaging_service_sid: sms.sender.startsWith('MG') ? sms.sender : null,
  num_media: '0',
  num_segments: '1',
  price: null,
  price_unit: 'USD',
  status: sms.status,
  subresource_uris: {},
  to: sms.to,
  uri: `/2010-04-01/Accounts/${accountSid}/Messages/${sms.sid}.json`,
})
