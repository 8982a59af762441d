import { err, invalidField, ok } from '@headwater/core'
import type { InvalidInput, Result } from '@headwater/core'

const mostBytes = 65_536

/** The JSON that a request carries. What is too long is not read to its end. */
export async function readBody(request: Request): Promise<Result<unknown, InvalidInput>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const body: AsyncIterable<Uint8Array> | undefined = request.body ?? undefined
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > mostBytes) return err(invalidField('body', `must have at most ${mostBytes} bytes`))
    chunks.push(chunk)
  }
  try {
    return ok(JSON.parse(Buffer.concat(chunks).toString('utf8')))
  } catch {
    return err(invalidField('body', 'must be JSON'))
  }
}
