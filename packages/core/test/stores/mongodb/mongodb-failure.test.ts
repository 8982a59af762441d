import * as mongodb from 'mongodb'
import { expect, test } from 'vitest'
import { mongodbComplaint } from '../../../src/stores/mongodb/mongodb-failure.ts'

/** An error of the driver as it arrives; its constructors want parts of a live connection. */
function errorNamed(name: string): Error {
  return Object.defineProperty(new Error('closed'), 'name', { value: name })
}

/** How a bulk write rejects when it could not be sent. */
function ofBulkWrite(error: Error): Error {
  return new mongodb.MongoBulkWriteError(error, {} as never)
}

test.each([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoPoolClearedError',
  'PoolClearedOnNetworkError',
  'MongoServerClosedError',
  'MongoTopologyClosedError',
  'MongoOperationTimeoutError',
])('%s is an outage, which may pass, also beneath the error of a bulk write', (name) => {
  const error = errorNamed(name)
  expect(mongodbComplaint(error).type).toBe('store-unavailable')
  expect(mongodbComplaint(ofBulkWrite(error)).type).toBe('store-unavailable')
})

test('Every name of the driver’s errors that tells of a connection or of time is an outage', () => {
  const told = Object.keys(mongodb)
    .filter((name) =>
      /^Mongo.*(?:Network|Pool|Topology|Timeout|Closed|Selection).*Error$/.test(name),
    )
    // A file and a stream of the host's, and a cursor that has ended.
    .filter((name) => !/GridFS|Cursor/.test(name))
  expect(told.length).toBeGreaterThan(3)
  for (const name of told)
    expect([name, mongodbComplaint(errorNamed(name)).type]).toEqual([name, 'store-unavailable'])
})

test('What the server refuses is refused', () => {
  const refused = Object.assign(errorNamed('MongoServerError'), { code: 13 })
  expect(mongodbComplaint(refused)).toMatchObject({ type: 'store-refused', code: '13' })
})

test('What the server refuses of a bulk write is refused', () => {
  const refused = new mongodb.MongoBulkWriteError(
    { message: 'failed', code: 121, writeErrors: [] },
    {} as never,
  )
  expect(mongodbComplaint(refused)).toMatchObject({ type: 'store-refused', code: '121' })
})

test.each([
  [18, 'Authentication failed.'],
  [8000, 'bad auth : Authentication failed.'],
])('A refused password is named, be it with code %i and the words "%s"', (code, message) => {
  const error = Object.assign(errorNamed('MongoServerError'), { code, message })
  const reason = `user or password was not accepted (MongoServerError ${code})`
  expect(mongodbComplaint(error)).toMatchObject({ type: 'store-refused', reason })
})

test('Another refusal of Atlas is none of the password', () => {
  const message = 'you are over your space quota'
  const error = Object.assign(errorNamed('MongoServerError'), { code: 8000, message })
  expect(mongodbComplaint(error)).toMatchObject({ reason: 'MongoServerError 8000' })
})
