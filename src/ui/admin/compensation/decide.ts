import type { ApiClient } from '#api/client.ts'
import type { Locale } from '#content/locales.ts'
import type { OfferTyped } from './offer-form.ts'
import { readChangeForm } from './offer-form.ts'

type Answer = { ok: boolean; status: number; json(): Promise<unknown> }

/** What a button of an offer's page asks the API for; null when it says nothing known. */
export async function decide(
  api: ApiClient,
  id: string,
  typed: OfferTyped,
  about: { currency: string; zone: string; locale: Locale },
): Promise<Answer | { faults: Record<string, string> } | null> {
  const offer = api.api.v1.offers[':id']
  const param = { id }
  const text = (name: string) => typed.get(name) ?? ''
  const claims = api.api.v1['offer-claims'][':id']
  const claim = { id: text('claim') }
  const reason = text('reason')
  switch (text('do')) {
    case 'request':
      return offer.request.$post({ param })
    case 'approve':
      return offer.approval.$post({ param, json: { decision: 'approved', hash: text('hash') } })
    case 'refuse':
      return offer.approval.$post({ param, json: { decision: 'refused', reason } })
    case 'goLive':
      return offer.live.$post({ param })
    case 'resume':
      return offer.resumption.$post({ param })
    case 'pause':
      return offer.pause.$post({ param, json: { reason } })
    case 'close':
      return offer.closure.$post({ param, json: { reason } })
    case 'cancel':
      return offer.cancellation.$post({ param, json: { reason } })
    case 'billing':
      return offer.billing.attempts.$post({ param })
    case 'takeUp':
      return claims.review.$post({ param: claim, json: { decision: 'take_up' } })
    case 'accept':
      return claims.review.$post({ param: claim, json: { decision: 'accept' } })
    case 'reject':
      return claims.review.$post({ param: claim, json: { decision: 'reject', reason } })
    case 'revoke':
      return claims.revocation.$post({ param: claim, json: { reason } })
    case 'change': {
      const { json, faults } = readChangeForm(typed, about.currency, about.zone, about.locale)
      return Object.keys(faults).length ? { faults } : offer.$patch({ param, json })
    }
    default:
      return null
  }
}
