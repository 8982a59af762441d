import { expect, test } from 'vitest'
import { proxiedUrl, upstreamOf } from '../../src/proxy/proxied-url.ts'

test.each([
  [
    'postgres://user:p%40ss@db.example:6000/app?sslmode=disable',
    'postgres://user:p%40ss@127.0.0.1:9/app?sslmode=disable',
  ],
  ['redis://:secret@cache:7000/2', 'redis://:secret@127.0.0.1:9/2'],
  [
    'mongodb://mongo:27018/?retryWrites=false',
    'mongodb://127.0.0.1:9/?retryWrites=false&directConnection=true',
  ],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:9'],
  ['http://127.0.0.1:8080/v1', 'http://127.0.0.1:9/v1'],
])('%s keeps everything but host and port', (url, expected) => {
  expect(proxiedUrl(url, 9)).toBe(expected)
})

test.each([
  ['postgres://db/app', { host: 'db', port: 5432 }],
  ['redis://cache', { host: 'cache', port: 6379 }],
  ['mongodb://mongo', { host: 'mongo', port: 27017 }],
  ['http://[::1]:8080/v1', { host: '::1', port: 8080 }],
  ['http://service/v1', { host: 'service', port: 80 }],
])('%s leads to its host and port', (url, upstream) => {
  expect(upstreamOf(url)).toEqual(upstream)
})

test.each(['mongodb://a:1,b:2/', 'mongodb+srv://cluster.example', 'not a url'])(
  '%s is refused, without repeating it',
  (url) => {
    expect(() => upstreamOf(url)).toThrow(/one host/)
  },
)
