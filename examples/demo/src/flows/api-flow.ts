import { check, type Flow } from '../flow.ts'

/** Asks the running API what it is, and registers, signs in, searches and enrolls over HTTP. */
export async function apiFlow(
  flow: Flow,
  {
    url,
    name,
    courseId,
  }: { readonly url: string; readonly name: string; readonly courseId: number },
): Promise<object> {
  const account = { email: 'grace@example.com', password: 'correct horse battery' }
  let cookie = ''
  const send = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', Cookie: cookie },
      ...(body && { body: JSON.stringify(body) }),
    })
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const store = name

  await flow.step({ store, does: 'says what it is' }, async ({ note, timed }) => {
    const { body } = await timed(() => fetch(url).then(json))
    check(Array.isArray(body['operations']), 'it does not say')
    note(`${body['operations'].length} operations`)
  })

  await flow.step({ store, does: 'registers and signs in Grace' }, async ({ note }) => {
    const user = await send('POST', '/users', { ...account, username: 'grace' })
    check(user.status === 201, `POST /users is ${user.status}`)
    const session = await send('POST', '/sessions', account)
    check(session.status === 201 && cookie !== '', `POST /sessions is ${session.status}`)
    note('the session is in a cookie')
  })

  await flow.step({ store, does: 'searches and enrolls' }, async ({ note }) => {
    const found = await send('GET', '/search?q=play+the+guitar&limit=3')
    check((found.body['hits'] as unknown[]).length > 0, 'nothing was found')
    const enrolled = await send('POST', `/courses/${courseId}/enrollments`, {})
    check(enrolled.status === 201, `POST /courses/${courseId}/enrollments is ${enrolled.status}`)
    const again = await send('POST', `/courses/${courseId}/enrollments`, {})
    check(again.status === 409, `the second time is ${again.status}`)
    note('201, and 409 the second time')
  })
  return {}
}

async function json(response: Response): Promise<{ body: Record<string, unknown> }> {
  return { body: (await response.json()) as Record<string, unknown> }
}
