import * as mongodb from 'mongodb'
import { expect, test } from 'vitest'
import { mongodbComplaint } from '../../../src/stores/mongodb/mongodb-failure.ts'

/** An error of the driver as it arrives; its constructors want parts of a live connection. */
function errorNamed(name: string): Error {
  return Object.defineProperty(new Error('closed'), 'name', { value: name })
}

test.each([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoPoolClearedError',
  'PoolClearedOnNetworkError',
  'MongoServerClosedError',
  'MongoTopologyClosedError',
  'MongoOperationTimeoutError',
])('%s is an outage, which may pass', (name) => {
  expect(mongodbComplaint(errorNamed(name)).type).toBe('store-unavailable')
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
