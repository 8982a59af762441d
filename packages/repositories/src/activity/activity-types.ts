import { isRowId, once, rowId, storableText } from '@headwater/core'
import type { Json, Schema } from '@headwater/core'
import * as z from 'zod/mini'
import { isText } from '../input.ts'

/** Schemas of the data of activity, by type. A type without a schema may carry any data. */
export type ActivityTypes = Readonly<Record<string, Schema>>

/** Data of an activity: a copy, and JSON. */
export type ActivityData = Readonly<Record<string, Json>>

/** Whether data fits its type. */
export type DataCheck = (data: ActivityData) => boolean

const courseData = once(() => z.object({ courseId: rowId() }))
const maxPathLength = 2_000

/** The types that every application has. */
export const commonActivityTypes = once((): ActivityTypes => ({
  'course.viewed': courseData(),
  'course.clicked': courseData(),
  'lesson.started': courseData(),
  'lesson.completed': courseData(),
  'page.viewed': z.object({ path: storableText(maxPathLength) }),
}))

const hasCourse: DataCheck = (data) => isRowId(data['courseId'])

/** The same rules by hand, for speed: every event is checked. */
const commonChecks: Readonly<Record<string, DataCheck>> = {
  'course.viewed': hasCourse,
  'course.clicked': hasCourse,
  'lesson.started': hasCourse,
  'lesson.completed': hasCourse,
  'page.viewed': (data) => isText(data['path'], maxPathLength),
}

/** A check for each type; the schema where the host has redefined it. */
export function dataChecks(types: ActivityTypes): Map<string, DataCheck> {
  return new Map(
    Object.entries(types).map(([type, schema]) => {
      const check = schema === commonActivityTypes()[type] ? commonChecks[type] : undefined
      return [type, check ?? ((data) => schema.safeParse(data).success)]
    }),
  )
}
