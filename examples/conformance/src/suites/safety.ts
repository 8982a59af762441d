import type { Course, Page, User } from '@headwater/repositories'
import type { SearchCounts, SearchResult } from '@headwater/search'
import { eventually } from '@headwater/testing'
import { beforeAll, expect, test } from 'vitest'
import { password, type Platform } from '../platform.ts'

/** What no user can do for themselves, or to others. */
export function safety(platform: () => Platform): void {
  let api: Platform
  beforeAll(() => {
    api = platform()
  })

  test('Only an admin makes an instructor', async () => {
    const [{ visitor, user }, { visitor: admin }] = [await api.member(), await api.member('admin')]
    const path = `/users/${user.id}/role`
    const role = { role: 'instructor' }
    expect((await visitor.send('PUT', path, role)).status).toBe(403)
    expect((await visitor.patch('/me', role)).body.error.field).toBe('role')
    expect((await visitor.post('/courses', { title: 'Mine', price: 0 })).status).toBe(403)
    expect((await admin.send<User>('PUT', path, role)).body.role).toBe('instructor')
    expect((await visitor.post('/courses', { title: 'Mine', price: 0 })).status).toBe(201)
  })

  test('A student cannot record progress, only the instructor of the course', async () => {
    const { visitor, user } = await api.member()
    const course = await api.course()
    await visitor.post(`/courses/${course.id}/enrollments`)
    const path = `/courses/${course.id}/students/${user.id}`
    expect((await visitor.patch(path, { progress: 100 })).status).toBe(403)
    expect((await visitor.patch(`/courses/${course.id}/enrollments`, {})).status).toBe(404)
    const { visitor: stranger } = await api.member('instructor')
    expect((await stranger.patch(path, { progress: 100 })).status).toBe(403)
  })

  test('A seat is put on nobody who has not accepted it', async () => {
    const [giver, receiver, other] = [await api.member(), await api.member(), await api.member()]
    const course = await api.course()
    await giver.visitor.post(`/courses/${course.id}/enrollments`)
    const offers = `/courses/${course.id}/enrollments/offers`
    const { body: offer } = await giver.visitor.post<{ proof: string }>(offers, {
      toUserId: receiver.user.id,
    })
    const seats = async () =>
      (await receiver.visitor.get<Page<unknown>>('/me/enrollments')).body.items.length
    expect(await seats()).toBe(0)
    for (const { visitor } of [giver, other])
      expect((await visitor.post('/enrollments/accept', offer)).body.error.field).toBe('proof')
    const forged = { ...offer, fromUserId: other.user.id }
    expect((await receiver.visitor.post('/enrollments/accept', forged)).status).toBe(400)
    expect((await receiver.visitor.post('/enrollments/accept', offer)).status).toBe(200)
    expect(await seats()).toBe(1)
    expect((await receiver.visitor.post('/enrollments/accept', offer)).status).toBe(422)
  })

  test('An offer of a seat does not outlive the enrollment it was made in', async () => {
    const [giver, receiver] = [await api.member(), await api.member()]
    const course = await api.course()
    const path = `/courses/${course.id}/enrollments`
    await giver.visitor.post(path)
    const { body: offer } = await giver.visitor.post(`${path}/offers`, {
      toUserId: receiver.user.id,
    })
    await giver.visitor.delete(path)
    await giver.visitor.post(path)
    const { status, body } = await receiver.visitor.post('/enrollments/accept', offer)
    expect([status, body.error.field]).toEqual([400, 'proof'])
  })

  test('A change of the e-mail address asks for the password', async () => {
    const { visitor, user } = await api.member()
    const email = `new-${user.email}`
    expect((await visitor.patch('/me', { email })).body.error.field).toBe('email')
    const change = (password: string) => visitor.send<User>('PUT', '/me/email', { email, password })
    expect((await change('not mine')).status).toBe(401)
    expect((await visitor.get<User>('/me')).body.email).toBe(user.email)
    expect((await change(password)).body.email).toBe(email)
    expect((await api.visitor().post('/sessions', { email, password })).status).toBe(201)
  })

  test('The price comes from the shop: a buyer names a coupon and the price that was shown', async () => {
    const { visitor, user } = await api.member()
    const course = await api.course({ price: '49.99' })
    const order = (body: object) => visitor.post(`/courses/${course.id}/enrollments`, body)
    const method = 'credit_card'
    const generous = await order({ payment: { method, discount: '49.99' } })
    expect([generous.status, generous.body.error.field]).toEqual([400, 'payment.discount'])
    const cheap = await order({ payment: { method }, expectedPrice: '1.00' })
    expect([cheap.status, cheap.body.error.type]).toEqual([409, 'price-changed'])
    const payment = { method, coupon: 'WELCOME' }
    expect((await order({ payment, expectedPrice: '49.99' })).status).toBe(201)
    expect(await paidBy(api, user)).toEqual(['40.00'])
  })

  test('A visitor pages through the results of a search', async () => {
    const made = new Set<number>()
    for (const title of ['Baking bread', 'Baking cakes', 'Baking pies'])
      made.add((await api.course({ title, category: 'Baking' })).id)
    const page = (cursor = '') =>
      api.visitor().get<SearchResult>(`/search?q=baking&category=Baking&limit=2${cursor}`)
    await eventually(async () => (await page()).body.hits.length === 2, { timeoutMs: 60_000 })
    await eventually(
      async () => {
        const first = await page()
        const rest = await page(`&cursor=${encodeURIComponent(first.body.nextCursor ?? '')}`)
        expect(rest.status).toBe(200)
        const found = [...first.body.hits, ...rest.body.hits].map(({ course }) => course.id)
        expect(new Set(found)).toEqual(made)
      },
      { timeoutMs: 60_000 },
    )
  })

  test('A visitor sorts a search by price and sees what each category would show', async () => {
    const prices = { Breads: 30, Cakes: 10, Pies: 20 }
    for (const [category, price] of Object.entries(prices))
      await api.course({ title: `Patisserie ${category}`, category, price })
    const filters = 'q=patisserie&category=Cakes&category=Pies'
    await eventually(
      async () => {
        const sorted = await api
          .visitor()
          .get<SearchResult>(`/search?${filters}&sort=price-descending`)
        expect(sorted.body.hits.map(({ course }) => course.price)).toEqual(['20.00', '10.00'])
        const { body } = await api.visitor().get<SearchCounts>(`/search/counts?${filters}`)
        const courses = 1
        expect([body.total, body.category]).toEqual([
          2,
          ['Breads', 'Cakes', 'Pies'].map((value) => ({ value, courses })),
        ])
      },
      { timeoutMs: 60_000 },
    )
  })

  test('A student still sees a course that was unpublished, and a stranger does not', async () => {
    const teacher = await api.member('instructor')
    const { body: course } = await teacher.visitor.post<Course>('/courses', {
      title: 'Geometry',
      price: 0,
    })
    const path = `/courses/${course.id}`
    await teacher.visitor.post(`${path}/publish`)
    const [{ visitor: student }, { visitor: stranger }] = [await api.member(), await api.member()]
    await student.post(`${path}/enrollments`)
    await teacher.visitor.post(`${path}/unpublish`)
    expect((await student.get<Course>(path)).body.title).toBe('Geometry')
    expect((await stranger.get(path)).status).toBe(404)
    expect((await student.patch(path, { title: 'Mine' })).status).toBe(403)
  })

  test('A click that nobody was shown is refused', async () => {
    const course = await api.course({ title: 'Underwater hockey' })
    const { visitor } = await api.member()
    const { hits, searchId } = await eventually(
      async () => {
        const { body } = await visitor.get<SearchResult>('/search?q=underwater+hockey')
        return body.hits.some((hit) => hit.course.id === course.id) && body
      },
      { timeoutMs: 60_000 },
    )
    const hit = hits.find((hit) => hit.course.id === course.id)
    const { proof, rank } = hit as unknown as { proof: string; rank: number }
    const click = { courseId: course.id, position: rank, proof }
    const made = '0198c0de-0000-7000-8000-000000000000'
    const status = async (id: string, body: object) =>
      (await visitor.post(`/search/${id}/clicks`, body)).status
    expect(await status(made, click)).toBe(400)
    expect(await status(searchId, { ...click, courseId: course.id + 1 })).toBe(400)
    expect(await status(searchId, { ...click, position: rank + 1 })).toBe(400)
    expect(await status(searchId, { ...click, proof: '' })).toBe(400)
    expect(await status(searchId, click)).toBe(202)
  })
}

async function paidBy({ services: { stores } }: Platform, { id }: User): Promise<unknown[]> {
  const { rows } = await stores.postgres
    .query<{ price_paid: string }>('SELECT price_paid FROM enrollments WHERE user_id = $1', [id])
    .unwrapOr({ rows: [], rowCount: 0 })
  return rows.map((row) => row.price_paid)
}
