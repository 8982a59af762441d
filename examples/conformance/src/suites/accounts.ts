import { beforeAll, describe, expect, test } from 'vitest'
import { password, type Platform } from '../platform.ts'
import { Visitor } from '../visitor.ts'

export function accounts(platform: () => Platform): void {
  let api: Platform
  beforeAll(() => {
    api = platform()
  })

  /** A member who is signed in on two devices. */
  async function twice() {
    const { visitor, user } = await api.member()
    const phone = api.visitor()
    await phone.post('/sessions', { email: user.email, password })
    const statuses = async () => [
      (await visitor.get('/me')).status,
      (await phone.get('/me')).status,
    ]
    expect(await statuses()).toEqual([200, 200])
    return { visitor, phone, user, statuses }
  }

  describe('a member', () => {
    test('A member who changes the password stays signed in on that device only', async () => {
      const { visitor, user, statuses } = await twice()
      const refused = await visitor.send('PUT', '/me/password', {
        currentPassword: 'not mine',
        newPassword: 'a new battery',
      })
      expect([refused.status, refused.body.error.type]).toEqual([401, 'wrong-credentials'])
      expect(
        (
          await visitor.send('PUT', '/me/password', {
            currentPassword: password,
            newPassword: 'a new battery',
          })
        ).status,
      ).toBe(204)
      expect(await statuses()).toEqual([200, 401])
      expect((await api.visitor().post('/sessions', { email: user.email, password })).status).toBe(
        401,
      )
      expect(
        (await api.visitor().post('/sessions', { email: user.email, password: 'a new battery' }))
          .status,
      ).toBe(201)
    })

    test('A new sign-in ends the session before it', async () => {
      const { visitor, user } = await api.member()
      const before = visitor.cookie
      expect((await visitor.post('/sessions', { email: user.email, password })).status).toBe(201)
      expect(visitor.cookie).not.toBe(before)
      const old = new Visitor(api.url, { Cookie: before ?? '' })
      expect([(await old.get('/me')).status, (await visitor.get('/me')).status]).toEqual([401, 200])
    })

    test('A member can sign out everywhere', async () => {
      const { phone, statuses } = await twice()
      expect((await phone.delete('/sessions')).status).toBe(204)
      expect(await statuses()).toEqual([401, 401])
    })

    test('A member who deletes the account is gone and frees the seats', async () => {
      const { visitor, user, statuses } = await twice()
      const course = await api.course()
      expect((await visitor.post(`/courses/${course.id}/enrollments`)).status).toBe(201)
      expect((await visitor.send('DELETE', '/me', { password: 'not mine' })).status).toBe(401)
      expect((await visitor.send('DELETE', '/me', { password })).status).toBe(204)
      expect(await statuses()).toEqual([401, 401])
      expect((await api.visitor().post('/sessions', { email: user.email, password })).status).toBe(
        401,
      )
      expect(
        (await visitor.get<{ currentEnrollment: number }>(`/courses/${course.id}`)).body
          .currentEnrollment,
      ).toBe(0)
    })

    test('An instructor with courses cannot delete the account', async () => {
      const { visitor } = await api.member('instructor')
      await visitor.post('/courses', { title: 'Mine', price: '1.00' })
      const refused = await visitor.send('DELETE', '/me', { password })
      expect([refused.status, refused.body.error.type]).toEqual([409, 'teaches-courses'])
      expect((await visitor.get('/me')).status).toBe(200)
    })
  })
}
