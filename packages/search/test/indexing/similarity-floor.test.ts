import { describe, expect, it } from 'vitest'
import { floorOf } from '../../src/indexing/similarity-floor.ts'
import type { NearestCourses } from '../../src/indexing/similarity-floor.ts'

/** 48 texts of six kinds, each 0.3 near to a course of its own. */
const plain = Array.from({ length: 48 }, (_, text) => ({
  kind: Math.floor(text / 8),
  nearest: [{ id: `course_${text}`, score: 0.3 }],
}))

/** The same, some of them nearer to one course. */
const near = (texts: number, id: string, score: number): NearestCourses[] =>
  plain.map(({ kind, nearest }, text) => ({
    kind,
    nearest: text < texts ? [{ id, score }, ...nearest] : nearest,
  }))

describe('the floor of similarities', () => {
  it('Texts that are all as near to a course have the floor there', () => {
    expect(floorOf(plain, 1_000)).toBeCloseTo(0.3, 6)
  })

  it('A course that is near to all texts does not raise the floor for the others', () => {
    const unread = plain.map(({ kind, nearest }, text) => ({
      kind,
      nearest: text < 20 ? [{ id: 'unread', score: text === 0 ? 0.7 : 0.32 }, ...nearest] : nearest,
    }))
    expect(floorOf(unread, 1_000)).toBeCloseTo(0.32, 6)
  })

  it('A course that a few texts are near to raises the floor', () => {
    const wide = near(12, 'near', 0.5)
    expect(floorOf(wide, 1_000)).toBeGreaterThan(0.5)
    expect(floorOf(near(13, 'near', 0.5), 1_000)).toBeCloseTo(0.5, 6)
  })

  it('In a small catalogue a course near to all texts is what they are near to', () => {
    const scattered = plain.map(({ kind, nearest }, text) => ({
      kind,
      nearest: [{ id: 'near', score: text % 2 === 0 ? 0.5 : 0.4 }, ...nearest],
    }))
    expect(floorOf(scattered, 99)).toBeGreaterThan(0.55)
    expect(floorOf(scattered, 1_000)).toBeCloseTo(0.5, 6)
  })

  it('Where all courses that were found are near to all texts, the last of them counts', () => {
    const hubs = plain.map(({ kind }, text) => ({
      kind,
      nearest: [0.9, 0.6, text % 2 === 0 ? 0.8 : 0.2].map((score, place) => ({
        id: `hub_${place}`,
        score,
      })),
    }))
    expect(floorOf(hubs, 1_000)).toBeCloseTo(0.95, 6)
  })

  it('A kind that is scattered has the floor above the nearest of it, another does not', () => {
    const scattered = (spread: number) =>
      plain.map(({ kind, nearest: [course] }, text) => ({
        kind,
        nearest: [{ id: course!.id, score: 0.3 + (kind === 5 && text % 2 === 0 ? spread : 0) }],
      }))
    expect(floorOf(scattered(0.2), 1_000)).toBeGreaterThan(0.6)
    expect(floorOf(scattered(0), 1_000)).toBeCloseTo(0.3, 6)
  })

  it('The floor is at most halfway from the nearest course to 1, so that it can be reached', () => {
    const scattered = plain.map(({ kind, nearest: [course] }, text) => ({
      kind,
      nearest: [{ id: course!.id, score: text % 2 === 0 ? 0.9 : 0.1 }],
    }))
    expect(floorOf(scattered, 1_000)).toBeCloseTo(0.95, 6)
  })

  it('Without texts there is no floor', () => {
    expect(floorOf([], 1_000)).toBe(-1)
  })
})
