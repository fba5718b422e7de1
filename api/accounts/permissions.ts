/** What a person of the staff may be; a person may be several. "machine" is for API tokens only. */
export const staffRoles = ['owner', 'lead', 'comms', 'coordination', 'executive', 'legal', 'finance', 'viewer'] as const
export const roles = [...staffRoles, 'machine'] as const
export type Role = (typeof roles)[number]
export const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text)

interface Permission {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** A route as the program registers it, with `:name` for a part that varies. */
  path: string
  who: 'public' | readonly Role[]
}

const all: readonly Role[] = roles
const people: readonly Role[] = staffRoles
/** Whoever may speak in the company's name. */
const speakers: readonly Role[] = ['owner', 'lead', 'comms', 'machine']
const speakingPeople: readonly Role[] = ['owner', 'lead', 'comms']
/** Whoever may see which address got which words. */
const mailReaders: readonly Role[] = ['owner', 'lead', 'comms', 'coordination']
/** Whoever sees addresses whole, as api/subscribers/address.ts says. */
const addressReaders: readonly Role[] = ['owner', 'lead', 'comms', 'coordination', 'machine']
/** Whoever may change what is known of customers, and say who was affected. */
const customerKeepers: readonly Role[] = ['owner', 'lead', 'comms', 'coordination', 'machine']
const customerPeople: readonly Role[] = ['owner', 'lead', 'comms', 'coordination']
const keepers: readonly Role[] = ['owner', 'lead', 'machine']
/** Whoever works on a review; legal approves what it says in public. */
const reviewers: readonly Role[] = ['owner', 'lead', 'comms', 'coordination', 'legal', 'machine']
const reviewingPeople: readonly Role[] = ['owner', 'lead', 'comms', 'coordination', 'legal']
const auditReaders: readonly Role[] = ['owner', 'lead', 'legal', 'executive']
const owner: readonly Role[] = ['owner']
/** Whoever takes part in what is not out yet, as api/statements/types.ts says. */
const makers: readonly Role[] = ['owner', 'lead', 'comms', 'legal', 'executive', 'machine']
/** Whoever lets words out; nobody else does, an owner neither: ask somebody to be legal as well. */
const legal: readonly Role[] = ['legal']
const takingBack: readonly Role[] = ['owner', 'lead', 'comms', 'legal']
const takersBack: readonly Role[] = ['owner', 'lead', 'comms', 'legal', 'machine']
/** Whoever writes an offer, opens it and stops it. */
const givers: readonly Role[] = ['owner', 'lead', 'comms', 'coordination', 'machine']
const givingPeople: readonly Role[] = ['owner', 'lead', 'comms', 'coordination']
/** Whoever decides something about one: each button asks the API again. */
const decidingPeople: readonly Role[] = ['owner', 'lead', 'comms', 'coordination', 'executive', 'legal', 'finance']
/** Whoever may be asked to approve one; content/policy/approvals.yaml says who is. No machine approves. */
const approvers: readonly Role[] = ['comms', 'lead', 'coordination', 'executive', 'legal', 'finance']
/** Whoever looks at what a customer asks for by contract. */
const claimReviewers: readonly Role[] = ['owner', 'lead', 'comms', 'coordination', 'finance']
/** Whoever sees codes and speaks with the billing system. */
const payers: readonly Role[] = ['owner', 'finance', 'machine']

const get = (who: Permission['who'], ...paths: string[]): Permission[] =>
  paths.map((path) => ({ method: 'GET', path, who }))
const post = (who: Permission['who'], ...paths: string[]): Permission[] =>
  paths.map((path) => ({ method: 'POST', path, who }))
const patch = (who: Permission['who'], ...paths: string[]): Permission[] =>
  paths.map((path) => ({ method: 'PATCH', path, who }))
const put = (who: Permission['who'], ...paths: string[]): Permission[] =>
  paths.map((path) => ({ method: 'PUT', path, who }))
const remove = (who: Permission['who'], ...paths: string[]): Permission[] =>
  paths.map((path) => ({ method: 'DELETE', path, who }))
/** An address with a form: shown to some, posted to by the same or by fewer. */
const form = (who: Permission['who'], path: string, posts: Permission['who'] = who) => [
  ...get(who, path),
  ...post(posts, path),
]

/**
 * The one table of who may do what. Every route of the API and every admin page has a row here; what has none is
 * refused, and a test reads the routes from the running program and finds those that are missing.
 */
export const permissions: readonly Permission[] = [
  // The world: reading, subscribing, and providers that sign their calls.
  ...get('public', '/healthz', '/readyz', '/api/openapi.json'),
  ...get(['owner', 'lead', 'machine'], '/metrics'),
  ...get('public', '/api/v1/status', '/api/v1/status/incidents/:id', '/api/v1/status/codes/:code'),
  ...get('public', '/api/v1/status/uptime', '/api/v1/status/maintenances/:id'),
  ...get('public', '/api/v1/status/statements', '/api/v1/status/statements/:id'),
  ...get('public', '/api/v1/status/months', '/api/v1/status/history/:month', '/api/v1/status/updates'),
  ...get('public', '/api/v1/subscriptions/offer'),
  ...post('public', '/api/v1/subscriptions', '/api/v1/subscriptions/again', '/api/v1/subscriptions/code'),
  ...form('public', '/api/v1/confirmations/:token'),
  ...form('public', '/api/v1/preferences/:token'),
  ...post(
    'public',
    '/api/v1/preferences/:token/secret',
    '/api/v1/preferences/:token/test',
    '/api/v1/preferences/:token/on',
  ),
  ...form('public', '/api/v1/goodbyes/:token'),
  ...post('public', '/api/v1/status/incidents/:id/answers'),
  ...form('public', '/api/v1/status/incidents/:id/ratings/:token'),
  ...post('public', '/hooks/resend', '/hooks/twilio/status', '/hooks/twilio/inbound'),

  // Signing in, and the two links that are used once.
  ...post('public', '/api/v1/session'),
  ...remove('public', '/api/v1/session'),
  ...get(all, '/api/v1/session'),
  ...get('public', '/api/v1/welcome/:token'),
  ...post('public', '/api/v1/welcome/:token'),

  // Incidents and what is said in them.
  ...get(all, '/api/v1/incidents', '/api/v1/incidents/:id', '/api/v1/incidents/:id/deliveries', '/api/v1/channels'),
  ...post(speakers, '/api/v1/incidents', '/api/v1/incidents/:id/updates'),
  ...patch(speakers, '/api/v1/incidents/:id'),
  ...post(all, '/api/v1/previews'),

  // The ledger: what became of each message, and what a person decides about it.
  ...get(all, '/api/v1/incidents/:id/deliveries.csv', '/api/v1/alarms'),
  ...get(addressReaders, '/api/v1/deliveries'),
  ...post(speakers, '/api/v1/deliveries/:id/attempts', '/api/v1/incidents/:id/attempts'),
  ...post(speakers, '/api/v1/notices/:id/seen', '/api/v1/notices/:id/release', '/api/v1/notices/:id/end'),
  ...post(speakers, '/api/v1/channels/:name/attempts'),
  ...remove(speakers, '/api/v1/subscribers/:id/suppression'),
  ...get(mailReaders, '/api/v1/letters', '/api/v1/letters/:id'),

  // Reviews, the public report, and what customers thought.
  ...get(all, '/api/v1/reviews', '/api/v1/reviews/actions', '/api/v1/incidents/:id/review'),
  ...post(reviewers, '/api/v1/incidents/:id/review', '/api/v1/incidents/:id/review/factors'),
  ...patch(reviewers, '/api/v1/incidents/:id/review', '/api/v1/incidents/:id/review/actions/:action'),
  ...put(reviewers, '/api/v1/incidents/:id/review/sections/:section'),
  ...remove(reviewers, '/api/v1/incidents/:id/review/factors/:factor'),
  ...post(reviewers, '/api/v1/incidents/:id/review/actions', '/api/v1/incidents/:id/review/report'),
  ...post(['lead', 'legal'], '/api/v1/incidents/:id/review/report/verdicts'),
  ...post(speakers, '/api/v1/incidents/:id/review/report/publication'),
  ...get(all, '/api/v1/incidents/:id/feedback'),
  ...post(speakers, '/api/v1/incidents/:id/feedback/publication'),
  ...remove(speakers, '/api/v1/incidents/:id/feedback/publication'),
  // Statements: those who speak write, schedule and publish them, legal lets them; a route gives nobody more than they
  // may know of.
  ...get(all, '/api/v1/incidents/:id/statements', '/api/v1/statements/:id', '/api/v1/statements/templates'),
  ...get(all, '/api/v1/statements/waiting'),
  ...get(all, '/api/v1/incidents/:id/mention', '/api/v1/incidents/:id/questions'),
  ...get(makers, '/api/v1/incidents/:id/rumours'),
  ...post(speakers, '/api/v1/incidents/:id/statements', '/api/v1/statements/:id/versions'),
  ...post(speakers, '/api/v1/statements/:id/review', '/api/v1/statements/:id/schedule'),
  ...post(speakers, '/api/v1/statements/:id/publication', '/api/v1/statements/:id/correction'),
  ...post(speakers, '/api/v1/statements/:id/supersession', '/api/v1/statements/:id/discard'),
  ...post(takersBack, '/api/v1/statements/:id/withdrawal', '/api/v1/questions/:id/end'),
  ...remove(takersBack, '/api/v1/statements/:id/schedule'),
  ...post(legal, '/api/v1/statements/:id/approval', '/api/v1/statements/:id/changes'),
  ...post(legal, '/api/v1/questions/:id/approval', '/api/v1/questions/:id/changes'),
  ...post(takersBack, '/api/v1/incidents/:id/questions', '/api/v1/incidents/:id/rumours'),
  ...post(takersBack, '/api/v1/rumours/:id/decision'),
  ...put(takersBack, '/api/v1/incidents/:id/mention'),

  // Compensation: what is given, who approves it, who has claimed it.
  ...get(all, '/api/v1/incidents/:id/offers', '/api/v1/offers/:id', '/api/v1/offers/:id/claims'),
  ...get(all, '/api/v1/offers/waiting'),
  ...get(all, '/api/v1/incidents/:id/offers/choices'),
  ...post(givers, '/api/v1/incidents/:id/offers', '/api/v1/incidents/:id/offers/preview', '/api/v1/offers/:id/request'),
  ...patch(givers, '/api/v1/offers/:id'),
  ...post(approvers, '/api/v1/offers/:id/approval'),
  ...post(givers, '/api/v1/offers/:id/live', '/api/v1/offers/:id/pause', '/api/v1/offers/:id/resumption'),
  ...post(givers, '/api/v1/offers/:id/closure', '/api/v1/offers/:id/cancellation'),
  ...post(claimReviewers, '/api/v1/offer-claims/:id/review', '/api/v1/offer-claims/:id/revocation'),
  ...post(payers, '/api/v1/offers/:id/codes', '/api/v1/redemptions', '/api/v1/offers/:id/billing/attempts'),
  ...get(payers, '/api/v1/offers/:id/claims.csv', '/api/v1/offers/:id/billing'),
  ...form('public', '/api/v1/claims/:token'),
  ...form('public', '/api/v1/offer-goodbyes/:token'),

  // The services, planned work and the people who hear of them.
  ...get(all, '/api/v1/components', '/api/v1/maintenances', '/api/v1/subscribers'),
  ...post(keepers, '/api/v1/components'),
  ...patch(keepers, '/api/v1/components/:id'),
  ...post(speakers, '/api/v1/maintenances', '/api/v1/subscribers'),
  ...patch(speakers, '/api/v1/maintenances/:id'),
  ...post(speakers, '/api/v1/maintenances/:id/cancellation', '/api/v1/maintenances/:id/completion'),

  // Customers, files that tell of them, and who was affected.
  ...get(all, '/api/v1/customers', '/api/v1/customers/kinds', '/api/v1/customers/:id'),
  ...get(all, '/api/v1/incidents/:id/affected', '/api/v1/affected/:id'),
  ...post(customerKeepers, '/api/v1/customers', '/api/v1/customers/batch', '/api/v1/incidents/:id/affected'),
  ...patch(customerKeepers, '/api/v1/customers/:id'),
  ...remove(customerKeepers, '/api/v1/affected/:id', '/api/v1/imports/:id'),
  ...get(customerKeepers, '/api/v1/imports', '/api/v1/imports/:id'),
  ...get(customerKeepers, '/api/v1/imports/:id/rows', '/api/v1/imports/:id/report.csv'),
  ...post(customerKeepers, '/api/v1/imports', '/api/v1/imports/:id/columns', '/api/v1/imports/:id/commit'),

  // Accounts, and who did what.
  ...get(auditReaders, '/api/v1/audit'),
  ...post(people, '/api/v1/session/password'),
  ...get(owner, '/api/v1/tokens', '/api/v1/people'),
  ...post(owner, '/api/v1/tokens', '/api/v1/people'),
  ...remove(owner, '/api/v1/tokens/:id', '/api/v1/people/:id'),

  // The admin desk. Its pages call the API above in the name of whoever is signed in, so a page never gives more.
  ...form('public', '/admin/sign-in'),
  ...form('public', '/admin/welcome/:token'),
  ...get('public', '/admin/denied', '/admin/missing', '/admin/unavailable'),
  ...post('public', '/admin/sign-out'),
  ...get(people, '/admin'),
  ...form(people, '/admin/incidents/:id/deliveries', speakingPeople),
  ...form(people, '/admin/incidents/:id/review', reviewingPeople),
  ...form(people, '/admin/incidents/:id/feedback', speakingPeople),
  ...get(people, '/admin/reviews'),
  ...form(people, '/admin/incidents/:id/statements', takingBack),
  ...form(speakingPeople, '/admin/incidents/:id/statements/new'),
  ...form(people, '/admin/incidents/:id/statements/:statement', takingBack),
  ...form(people, '/admin/incidents/:id/questions', takingBack),
  ...form(people, '/admin/alarms', speakingPeople),
  ...form(mailReaders, '/admin/search', speakingPeople),
  ...get(auditReaders, '/admin/audit'),
  ...form(people, '/admin/account'),
  ...form(speakingPeople, '/admin/incidents/new'),
  ...form(people, '/admin/incidents/:id', speakingPeople),
  ...get(people, '/admin/incidents/:id/compensation'),
  ...form(givingPeople, '/admin/incidents/:id/compensation/new'),
  ...form(people, '/admin/incidents/:id/compensation/:offer', decidingPeople),
  ...get(mailReaders, '/admin/letters', '/admin/letters/:id'),
  ...get(people, '/admin/subscribers', '/admin/customers'),
  ...form(customerPeople, '/admin/customers/new'),
  ...form(people, '/admin/customers/:id', customerPeople),
  ...get(customerPeople, '/admin/customers/import'),
  ...form(customerPeople, '/admin/imports/:id'),
  ...form(people, '/admin/incidents/:id/affected', customerPeople),
  ...form(people, '/admin/affected/:id', customerPeople),
  ...form(people, '/admin/components', ['owner', 'lead']),
  ...form(people, '/admin/maintenance', speakingPeople),
  ...form(owner, '/admin/tokens'),
  ...form(owner, '/admin/people'),
]

const byRoute = new Map(permissions.map((row) => [`${row.method} ${row.path}`, row]))

/** The row of a registered route; undefined means that nobody may. */
export const permissionOf = (method: string, path: string): Permission | undefined => byRoute.get(`${method} ${path}`)

/** Whether somebody with these roles may use a row. */
export const allows = (row: Permission, held: readonly string[]): boolean =>
  row.who === 'public' || row.who.some((role) => held.includes(role))

/** The row of an admin page by the address that was asked for; a fixed word wins over a part that varies. */
export function pagePermission(method: string, pathname: string): Permission | undefined {
  const asked = pathname.replace(/(.)\/+$/, '$1').split('/')
  const fits = permissions.filter((row) => {
    const parts = row.path.split('/')
    return (
      row.method === method &&
      parts.length === asked.length &&
      parts.every((part, at) => (part.startsWith(':') ? asked[at] !== '' : part === asked[at]))
    )
  })
  return fits.sort((a, b) => a.path.split(':').length - b.path.split(':').length)[0]
}

/** Whether somebody with these roles may open an address of the desk: what decides which links are shown. */
export const mayOpen = (held: readonly string[], pathname: string): boolean => {
  const row = pagePermission('GET', pathname)
  return row !== undefined && allows(row, held)
}
