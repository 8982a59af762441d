import { describe, expect, test } from 'vitest'
import { accessTo } from '../../../src/stores/postgres/postgres-access.ts'

const tls = { ca: '-----BEGIN CERTIFICATE-----', servername: 'db.internal' }
const own = { url: 'postgresql://app@db:6432/shop', password: 's3cr3t', tls }

describe('accessTo', () => {
  test.each([
    ['the same user', 'postgresql://app@db:5432/shop'],
    ['the same user as a parameter', 'postgresql://db:5432/shop?user=app'],
  ])('Another URL of %s has the same password and TLS', (_, url) => {
    expect(accessTo(url, own)).toEqual({ ...own, url })
  })

  test.each([
    ['of another user', 'postgresql://owner@db/shop'],
    ['of another user as a parameter', 'postgresql://app@db/shop?user=owner'],
    ['of no user', 'postgresql://db/shop'],
    ['with a password', 'postgresql://app:other@db/shop'],
    ['with a password as a parameter', 'postgresql://app@db/shop?password=other'],
  ])('A URL %s is given no password', (_, url) => {
    expect(accessTo(url, own)).toEqual({ url, tls })
  })

  test.each(['sslmode=disable', 'sslmode=verify-full&sslrootcert=/ca.pem', 'ssl=true'])(
    'A URL that says %s is given no TLS',
    (words) => {
      const url = `postgresql://app@db/shop?${words}`
      expect(accessTo(url, own)).toEqual({ url, password: 's3cr3t' })
    },
  )

  test.each(['postgresql://app@primary/shop', 'postgresql://app@db/shop?host=primary'])(
    'The name in the certificate is not expected of another host: %s',
    (url) => {
      expect(accessTo(url, own)).toEqual({ url, password: 's3cr3t', tls: { ca: tls.ca } })
    },
  )

  test('TLS without certificates of its own is for every host', () => {
    const url = 'postgresql://app@primary/shop'
    expect(accessTo(url, { ...own, tls: true })).toEqual({ url, password: 's3cr3t', tls: true })
  })

  test('What the stores were not given is not handed on', () => {
    const url = 'postgresql://app@db/shop'
    expect(accessTo(url, { url: own.url })).toEqual({ url })
    expect(accessTo(url, {})).toEqual({ url })
  })
})
