import { AppError } from '#api/errors.ts'
import { seal, unseal } from '#api/lib/seal.ts'
import { codeHint } from './code.ts'

/** A code as people read it. Throws `unavailable` when none of the keys opens it any more. */
export function unsealed(secretKeys: readonly string[], sealed: string): string {
  const code = unseal(secretKeys, sealed)
  if (code === null)
    throw new AppError(
      'unavailable',
      'This code was sealed with a SECRET_KEY that is not set any more. Add the old one behind the new.',
    )
  return code
}

/** Everything a code may stand as in the record: under each of the keys. */
export const sealedForms = (secretKeys: readonly string[], code: string): string[] =>
  secretKeys.map((key) => seal([key], code, codeHint(code)))
