import { bodyTooLarge, maxBodyBytes, refuse, safetyHeaders } from '@headwater-examples/elearning'
import type { Answer } from '@headwater-examples/elearning'
import { invalidField } from '@headwater/core'
import { ask } from '../../../ask.ts'
import { headwater } from '../../../headwater.ts'

const mount = '/api'

async function handle(request: Request): Promise<Response> {
  const { method, headers, signal } = request
  const { pathname, searchParams } = new URL(request.url)
  const path = pathname.slice(mount.length) || '/'
  const query = queryOf(searchParams)
  try {
    return send(await ask({ method, path, query, body: await bodyOf(request), headers, signal }))
  } catch (error) {
    return send((await headwater()).api.refusalOf(error))
  }
}

export { handle as GET, handle as POST, handle as PUT, handle as PATCH, handle as DELETE }

function send({ status, headers, cookie, body }: Answer): Response {
  const sent = new Headers({ ...safetyHeaders, ...headers })
  const location = sent.get('Location')
  if (location !== null) sent.set('Location', `${mount}${location}`)
  if (cookie !== undefined) sent.append('Set-Cookie', cookie)
  return body === undefined
    ? new Response(null, { status, headers: sent })
    : Response.json(body, { status, headers: sent })
}

/** A query in which only names that occur twice have lists. */
function queryOf(searchParams: URLSearchParams): object {
  const entries = [...new Set(searchParams.keys())].map((name) => {
    const values = searchParams.getAll(name)
    return [name, values.length === 1 ? values[0] : values] as const
  })
  return Object.fromEntries(entries)
}

/** Next.js limits the bodies of server actions only. */
async function bodyOf({ body, headers }: Request): Promise<unknown> {
  if (body === null || headers.get('Content-Type')?.startsWith('application/json') !== true) return
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > maxBodyBytes) refuse(bodyTooLarge)
    chunks.push(chunk)
  }
  try {
    return bytes === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    return refuse(invalidField('body', 'must be JSON'))
  }
}
