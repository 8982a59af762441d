import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { errorSummary } from '../../src/failure/error-summary.ts'

test('A summary has the address of the system error beneath it', () => {
  const fields = { code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port: 1 }
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), fields)
  const { cause } = errorSummary(new Error('quotes data', { cause: refused }), 'no connection')
  expect(cause).toBeInstanceOf(Error)
  expect(cause).toMatchObject({ ...fields, message: 'connect ECONNREFUSED 127.0.0.1 1' })
})

test('A summary has neither command nor arguments of a program that cannot be run', async () => {
  const program = spawn('no-such-vault s3cr3t', ['--token', 's3cr3t'])
  const [error] = (await once(program, 'error')) as [unknown]
  expect(inspect(error)).toContain('s3cr3t')
  const summary = errorSummary(error, 'the function failed')
  expect(summary.cause).toMatchObject({ code: 'ENOENT', syscall: 'spawn' })
  expect(inspect(summary, { showHidden: true, depth: null })).not.toContain('s3cr3t')
})
