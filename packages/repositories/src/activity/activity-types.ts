import { isRowId, rowId, storableText } from '@headwater/core'
import type { Json } from '@headwater/core'
import { z } from 'zod'
import { isText } from '../input.ts'

/** What the data of an activity must be, by type. Types that are not listed may carry any data. */
export type ActivityTypes = Readonly<Record<string, z.ZodType>>

/** Data that has been copied and is JSON. */
export type ActivityData = Readonly<Record<string, Json>>

/** Whether data is what its type needs. */
export type DataCheck = (data: ActivityData) => boolean

const courseData = z.object({ courseId: rowId })
const maxPathLength = 2_000

/** The types that every application knows. */
export const commonActivityTypes: ActivityTypes = {
  'course.viewed': courseData,
  'course.clicked': courseData,
  'lesson.started': courseData,
  'lesson.completed': courseData,
  'page.viewed': z.object({ path: storableText(maxPathLength) }),
}

const hasCourse: DataCheck = (data) => isRowId(data['courseId'])

/** The same rules by hand: they are asked for every event. */
const commonChecks: Readonly<Record<string, DataCheck>> = {
  'course.viewed': hasCourse,
  'course.clicked': hasCourse,
  'lesson.started': hasCourse,
  'lesson.completed': hasCourse,
  'page.viewed': (data) => isText(data['path'], maxPathLength),
}

/** A check for each type; one that the host has redefined is asked of its schema. */
export function dataChecks(types: ActivityTypes): Map<string, DataCheck> {
  return new Map(
    Object.entries(types).map(([type, schema]) => {
      const check = schema === commonActivityTypes[type] ? commonChecks[type] : undefined
      return [type, check ?? ((data) => schema.safeParse(data).success)]
    }),
  )
}
