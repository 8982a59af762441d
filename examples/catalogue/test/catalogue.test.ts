import { readCatalogue } from '@headwater-examples/catalogue'
import { expect, test } from 'vitest'

const { courses, instructors, students } = await readCatalogue()

test('The catalogue has 300 courses or more in a dozen categories, 20 instructors and 200 students', () => {
  expect(courses.length).toBeGreaterThanOrEqual(300)
  expect(new Set(courses.map(({ category }) => category)).size).toBeGreaterThanOrEqual(12)
  expect([instructors.length, students.length]).toEqual([20, 200])
})

test('Some courses of the catalogue are free, some are unlimited and some are small', () => {
  expect(courses.filter(({ price }) => price === '0.00').length).toBeGreaterThan(5)
  expect(courses.filter(({ maxStudents }) => maxStudents === null).length).toBeGreaterThan(50)
  expect(
    courses.filter(({ maxStudents }) => maxStudents !== null && maxStudents <= 6).length,
  ).toBeGreaterThan(10)
})

test('Every instructor of the catalogue teaches', () => {
  const teaching = new Set(courses.map(({ instructor }) => instructor))
  expect(instructors.filter(({ username }) => !teaching.has(username))).toEqual([])
})
