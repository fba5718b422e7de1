import { styleOf } from '../../lib/style.ts'
import css from '../../styles/admin.css?inline'
import forms from '../../styles/forms.css?inline'

const own = styleOf(forms + css)

/**
 * The one style of the desk and what its policy allows. Documents in sandboxed frames without an address of their own
 * obey the policy of the page around them: with a nonce, style blocks that bear it are allowed too, and the style
 * attributes that mails are made of. No script is allowed by any of this.
 */
export function adminStyle(nonce: string | null): { css: string; policy: string } {
  if (!nonce) return own
  const policy = own.policy.replace(
    /style-src ([^;]*)/,
    `style-src $1 'nonce-${nonce}'; style-src-attr 'unsafe-inline'`,
  )
  return { css: own.css, policy: `${policy}; frame-src 'self'` }
}
