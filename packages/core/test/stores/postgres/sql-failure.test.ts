import { describe, expect, test } from 'vitest'
import { breaksConnection, sqlFailure } from '../../../src/stores/postgres/sql-failure.ts'

const asked = { operation: 'insert users', deadlineMs: 500 }

function serverError(code: string, more: object = {}): Error {
  return Object.assign(new Error('words of the server'), {
    severity: 'ERROR',
    code,
    detail: 'Key (email)=(a@b.c) exists',
    ...more,
  })
}

function nodeError(code: string): Error {
  return Object.assign(new Error(`connect ${code} 10.0.0.1:5432`), { code })
}

describe('an error of pg', () => {
  const cases: [string, Error, object, boolean][] = [
    [
      '23505',
      serverError('23505', { constraint: 'users_email_key', table: 'users' }),
      {
        type: 'constraint-violated',
        kind: 'unique',
        constraint: 'users_email_key',
        table: 'users',
        retryable: false,
      },
      false,
    ],
    [
      '23503',
      serverError('23503', { constraint: 'fk' }),
      { type: 'constraint-violated', kind: 'foreign-key' },
      false,
    ],
    [
      '23514',
      serverError('23514', { constraint: 'c' }),
      { type: 'constraint-violated', kind: 'check' },
      false,
    ],
    [
      '23502',
      serverError('23502', { column: 'title' }),
      { type: 'constraint-violated', kind: 'not-null', constraint: 'title' },
      false,
    ],
    [
      '23P01',
      serverError('23P01', { constraint: 'x' }),
      { type: 'constraint-violated', kind: 'exclusion' },
      false,
    ],
    [
      '40001',
      serverError('40001'),
      { type: 'serialization-failed', code: '40001', retryable: true },
      false,
    ],
    [
      '40P01',
      serverError('40P01'),
      { type: 'serialization-failed', code: '40P01', retryable: true },
      false,
    ],
    ['57014', serverError('57014'), { type: 'deadline-exceeded', deadlineMs: 500 }, false],
    ['55P03', serverError('55P03'), { type: 'deadline-exceeded' }, false],
    [
      '57P01',
      serverError('57P01', { severity: 'FATAL' }),
      { type: 'store-unavailable', retryable: true },
      true,
    ],
    ['57P02', serverError('57P02', { severity: 'FATAL' }), { type: 'store-unavailable' }, true],
    ['57P03', serverError('57P03', { severity: 'FATAL' }), { type: 'store-unavailable' }, true],
    ['XX000', serverError('XX000'), { type: 'store-unavailable', retryable: true }, true],
    ['XX001', serverError('XX001'), { type: 'store-refused', retryable: false }, true],
    [
      'a FATAL answer of any code',
      serverError('25006', { severity: 'FATAL' }),
      { type: 'store-unavailable', retryable: true },
      true,
    ],
    ['25P04', serverError('25P04', { severity: 'FATAL' }), { type: 'deadline-exceeded' }, true],
    ['42704', serverError('42704', { severity: 'FATAL' }), { type: 'store-refused' }, true],
    ['53300', serverError('53300', { severity: 'FATAL' }), { type: 'store-unavailable' }, true],
    ['08006', serverError('08006'), { type: 'store-unavailable' }, true],
    [
      '28P01',
      serverError('28P01', { severity: 'FATAL' }),
      { type: 'store-refused', code: '28P01', retryable: false },
      true,
    ],
    ['3D000', serverError('3D000', { severity: 'FATAL' }), { type: 'store-refused' }, true],
    [
      '42P01',
      serverError('42P01'),
      {
        type: 'store-refused',
        message: expect.stringContaining('migrations have not run') as string,
      },
      false,
    ],
    ['42601', serverError('42601'), { type: 'store-refused', code: '42601' }, false],
    [
      'a stale plan',
      Object.assign(serverError('0A000'), { message: 'cached plan must not change result type' }),
      { type: 'store-unavailable', retryable: true },
      true,
    ],
    [
      'a full pool',
      new Error('timeout exceeded when trying to connect'),
      {
        type: 'store-unavailable',
        message: expect.stringContaining('became free in time') as string,
      },
      true,
    ],
    [
      'a lost connection',
      new Error('Connection terminated unexpectedly'),
      { type: 'store-unavailable' },
      true,
    ],
    ['query_timeout', new Error('Query read timeout'), { type: 'deadline-exceeded' }, true],
    [
      'a value that its parser cannot read',
      new SyntaxError('Cannot convert 1.5 to a BigInt'),
      { type: 'store-refused', message: expect.not.stringContaining('1.5') as string },
      false,
    ],
    [
      'a pool that has ended',
      new Error('Cannot use a pool after calling end on the pool'),
      { type: 'store-unavailable' },
      true,
    ],
    [
      'ECONNREFUSED',
      nodeError('ECONNREFUSED'),
      { type: 'store-unavailable', message: expect.stringContaining('ECONNREFUSED') as string },
      true,
    ],
    [
      'both addresses refused',
      new AggregateError([nodeError('ECONNREFUSED'), nodeError('EHOSTUNREACH')]),
      { type: 'store-unavailable', message: expect.stringContaining('EHOSTUNREACH') as string },
      true,
    ],
    [
      'a value that cannot be sent',
      new TypeError('Converting circular structure to JSON'),
      { type: 'store-refused', retryable: false },
      true,
    ],
  ]
  test.each(cases)('An error of pg becomes a typed failure: %s', (_, error, failure, isBroken) => {
    expect(sqlFailure(error, asked)).toMatchObject({ store: 'postgres', ...failure })
    expect(breaksConnection(error)).toBe(isBroken)
  })

  test('A SQL failure keeps the values that the server quotes out of its message', () => {
    expect(
      sqlFailure(serverError('23505', { constraint: 'users_email_key' }), asked).message,
    ).not.toContain('a@b.c')
  })
})
