/// <reference types="astro/client" />

declare namespace App {
  interface Locals {
    /** The API, in process, with the cookie of whoever asks. */
    api: import('../api/client.ts').ApiClient
    /** The company whose page this is. */
    site: import('../api/site.ts').Site
    /** The address customers type, without a last slash. */
    publicUrl: string
    /** The instant this is drawn at; in the demonstration its own clock. */
    now: string
    /** Drawn into a file that everybody reads. */
    publishing: boolean
    /** The first page may say that a copy is kept on separate hosting. */
    mirrored: boolean
    demo: boolean
    /** A new one-time key for a form on this page. */
    formKey: string
    /** Why nothing can be published now, as a sentence that every page of the desk shows; null when all is well. */
    trouble: string | null
    /** On admin pages, set by src/middleware.ts: the language of the desk, who is signed in, and what was posted. */
    locale: import('../content/locales.ts').Locale
    person: { id: string; name: string; email: string | null; roles: string[] } | null
    form: FormData | null
    /** Marks the style blocks of framed documents as ours, for this answer alone. */
    nonce: string
    /** What was posted is shown again and does nothing: it was carried over a new sign-in. */
    restored: boolean
    /** A form that was posted after the session had ended, and where it wanted to go. */
    carried: { to: string; fields: [name: string, value: string][] } | null
  }
}
