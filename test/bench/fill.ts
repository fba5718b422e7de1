import { createToken } from '#api/accounts/actions.ts'
import { openApp } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { createComponent, createGroup } from '#api/components/actions.ts'
import { readConfig } from '#api/config.ts'
import { migrate } from '#api/db/connect.ts'
import { readCompany, readNames } from '#api/demo/company.ts'
import { insertFollowers } from '#api/demo/queries.ts'
import { makeFollowers } from '#api/demo/subscribers.ts'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { ManualClock } from '#api/lib/clock.ts'
import { dayMs, minuteMs, plusMs, toInstant } from '#api/lib/time.ts'

export interface Filled {
  token: string
  /** The components of the page by their key. */
  components: Record<string, string>
}

const usualPast = 1_000
const nobody = {
  suppressed: 0,
  locales: { 'zh-CN': 0, en: 0 },
  buying: 0,
  buyingAndBrowsing: 0,
  others: 0,
  browsing: 0,
  everything: 0,
}
const followers = { email: { ...nobody, locales: { 'zh-CN': 8_500, en: 1_500 }, buying: 10_000 }, sms: nobody }

/** Fills an empty record: 14 components, 1,000 or so many resolved incidents over as many days, 10,000 subscribers by mail, a token. */
export async function fillRecord(env: Record<string, string>, pastIncidents = usualPast): Promise<Filled> {
  const clock = new ManualClock(toInstant(Date.now() - (pastIncidents + 1) * dayMs))
  const app = openApp(readConfig(env, 'production'), { clock })
  try {
    await migrate(app.db)
    const components: Record<string, string> = {}
    for (const { name, components: members } of readCompany().groups) {
      const group = await createGroup(app, system, { name })
      for (const { key, ...component } of members) {
        const made = await createComponent(app, system, { ...component, groupId: group.id, startDate: '2020-01-01' })
        components[key] = made.id
      }
    }
    const ids = Object.values(components)
    for (let i = 0; i < pastIncidents; i++) {
      clock.move(dayMs - 45 * minuteMs)
      const opened = await openIncident(app, system, {
        title: { en: `Some requests were slow on day ${i + 1}.`, 'zh-CN': `第 ${i + 1} 天部分请求缓慢。` },
        severity: 2,
        status: 'investigating',
        components: [{ id: ids[i % ids.length]!, status: i % 3 ? 'degraded_performance' : 'partial_outage' }],
        body: { en: 'Some requests are slow. We are investigating.', 'zh-CN': '部分请求缓慢，正在排查。' },
        nextUpdateAt: plusMs(clock.now(), 30 * minuteMs),
        notify: false,
      })
      clock.move(45 * minuteMs)
      await publishUpdate(app, system, opened.id, {
        status: 'resolved',
        body: { en: 'Everything answers at its usual speed again.', 'zh-CN': '已恢复正常速度。' },
        notify: false,
      })
    }
    const people = makeFollowers(followers, readNames(), (key) => components[key]!, clock.now(), app)
    await app.db.transaction().execute((trx) => insertFollowers(trx, people))
    const { token } = await createToken(app, system, { name: 'bench', role: 'owner' })
    return { token, components }
  } finally {
    await app.close()
  }
}
