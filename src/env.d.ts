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
    demo: boolean
    /** A new one-time key for a form on this page. */
    formKey: string
  }
}
