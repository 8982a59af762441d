import { Decimal128, Double, Long, ObjectId } from 'bson'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareStrings,
  compareValues,
  valueKey,
} from '../../src/mongodb-stand-in/values/compare.ts'
import { decodeDocument, encodeDocument } from '../../src/mongodb-stand-in/values/document.ts'
import { add, compareNumbers, divide, numberKey } from '../../src/mongodb-stand-in/values/number.ts'
import { MessageStream } from '../../src/mongodb-stand-in/wire/message-stream.ts'

const integer = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }))
const number = fc.oneof(
  integer,
  integer.map((value) => new Double(value)),
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => Long.fromBigInt(value)),
  integer.map((value) => Long.fromNumber(value)),
  integer.map((value) => Decimal128.fromString(`${value}.00`)),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })
    .map((value) => Decimal128.fromStringWithRounding(String(value))),
  fc.constantFrom(
    0.1,
    0.5,
    Decimal128.fromString('0.1'),
    Decimal128.fromString('0.5'),
    Decimal128.fromString('NaN'),
    NaN,
    -0,
    Long.fromString('9007199254740993'),
    9007199254740992,
  ),
)
const leaf = fc.oneof(
  number,
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.date().map((date) => date),
  fc.integer({ min: 0, max: 3 }).map((n) => new ObjectId(String(n).padStart(24, '0'))),
)
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2 })
      .map((fields) => ({ ...fields })),
  ),
})).value

describe('values of the MongoDB stand-in', () => {
  it('Values have a total order', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(compareValues(a, b) + compareValues(b, a)).toBe(0)
        if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0)
          expect(compareValues(a, c)).toBeLessThanOrEqual(0)
      }),
      {
        numRuns: 3000,
        examples: [
          [new Date(0), new Date(NaN), false],
          [new Date(NaN), new Date(NaN), new Date(-1)],
          [new Date(1), new Date(NaN), new Date(-1)],
        ],
      },
    )
  })

  it('Values have the same key exactly when they are equal', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(valueKey(a) === valueKey(b)).toBe(compareValues(a, b) === 0)
      }),
      {
        numRuns: 5000,
        examples: [
          [new Date(NaN), new Date(NaN)],
          [new Date(NaN), new Date(0)],
        ],
      },
    )
  })

  it('Values have the same number key exactly when they are the same number, whatever their types', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(numberKey(a) === numberKey(b)).toBe(compareNumbers(a, b) === 0)
      }),
      { numRuns: 5000, examples: [[-8e-323, Decimal128.fromString('-8E-323')]] },
    )
  })

  it('Values tell numbers apart that differ beyond the precision of a double', () => {
    expect(compareNumbers(Long.fromString('9007199254740993'), 9007199254740992)).toBe(1)
    expect(compareNumbers(Decimal128.fromString('0.1'), 0.1)).toBe(-1)
    expect(compareNumbers(Decimal128.fromString('0.5'), 0.5)).toBe(0)
  })

  it('Values add decimals exactly and divide them to 34 digits', () => {
    expect(String(add(Decimal128.fromString('0.1'), Decimal128.fromString('0.2')))).toBe('0.3')
    expect(String(divide(Decimal128.fromString('1'), 3))).toBe(
      '0.3333333333333333333333333333333333',
    )
    expect(String(divide(Decimal128.fromString('10'), 4))).toBe('2.5')
  })

  it('Values order text by code point', () => {
    expect([
      compareStrings('\u{1f600}', '\uffff'),
      compareStrings('a', 'B'),
      compareStrings('ab', 'a'),
      compareStrings('é', 'z'),
    ]).toEqual([1, 1, 1, 1])
  })

  it('Values survive the wire format unchanged', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((key) => !key.includes('\0')),
          value,
        ),
        (document) => {
          const copy = decodeDocument(encodeDocument({ ...document }))
          expect(Buffer.compare(encodeDocument(copy), encodeDocument({ ...document }))).toBe(0)
        },
      ),
    )
  })

  it('Messages are cut out of a stream wherever its chunks begin and end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (sizes, cuts) => {
          const messages = sizes.map((size, index) => {
            const message = Buffer.alloc(16 + size, index)
            message.writeInt32LE(message.length)
            return message
          })
          const all = Buffer.concat(messages)
          const stream = new MessageStream()
          const received: Buffer[] = []
          for (let from = 0, turn = 0; from < all.length; turn += 1) {
            const to = from + (cuts[turn % cuts.length] ?? 1)
            received.push(...stream.push(all.subarray(from, to)))
            from = to
          }
          expect(received.map((message) => message.toString('hex'))).toEqual(
            messages.map((message) => message.toString('hex')),
          )
        },
      ),
    )
  })
})
