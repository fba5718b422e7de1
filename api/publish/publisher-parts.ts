import type { App } from '#api/app.ts'
import type { Render } from './draw.ts'
import type { Finished } from './files.ts'

/** An app through which the record is read as of one moment while `asOfNow` runs. */
export interface Moment {
  app: App
  asOfNow<T>(work: () => Promise<T>): Promise<T>
}

/**
 * "record-behind": the published pages are newer than the record or of another one, as after a lost database; nothing
 * is published over them.
 */
export type PublisherState = 'fine' | 'record-behind'

/** Why pages could not be drawn; `first` when the first page is one of them. */
export interface DrawFault {
  reason: string
  first: boolean
}

export interface PublisherParts {
  /** The published folder. */
  dir: string
  /** Shows readers what is finished, and hides what is no longer public, in one step. Called before the files are written. */
  show(files: Finished[], gone: string[]): void
  /** Told how long readers waited for a change that was seen, in milliseconds. */
  measure?: (ms: number) => void
  /** Told after each writing: why the disk refused it, or null. */
  wrote?: (fault: string | null) => void
  /** Told when that changes: why pages could not be drawn, or null. */
  drew?: (fault: DrawFault | null) => void
  /** Told when the state changes. */
  tell?: (state: PublisherState) => void
  render: Render
  /** What is drawn from; left out: the publisher's app as it goes on. */
  moment?: Moment
  /** A name for the built site that changes with it. */
  build: string
  /** The built site's own files (scripts, pictures), copied beside the pages. */
  assets?: string
}

export interface Publisher {
  readonly state: PublisherState
  /** Whether a page may say now that a copy is kept on separate hosting. */
  mirrored(): boolean
  /** Resolves when no copy is being brought up to date. */
  mirrorsIdle(): Promise<void>
  /**
   * Brings the files up to the record: everything when the build differs, else what changed since and what time made
   * untrue. Resolves when first pages, open incidents and feeds are right; a long past may still be drawn after that.
   */
  start(): Promise<void>
  /** Looks whether a change or the time asks for something. Returns at once and never throws; looks never overlap. */
  wake(): void
  /** Draws everything. `startOver` publishes from a record that is behind, too. */
  publishAll(options?: { startOver?: boolean }): Promise<void>
  /** Draws what was announced since the last publish. */
  publishChanges(): Promise<void>
  /** Draws what time alone made untrue, when it has. */
  tick(): Promise<void>
  /** Finishes what is being written. */
  stop(): Promise<void>
}
