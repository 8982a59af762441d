import type { Course } from '@headwater/repositories'

/**
 * What is embedded of a course. Another text is another generation of the index: whoever changes
 * `textOf` changes `version`.
 */
export interface CourseTemplate {
  /** Names what `textOf` makes; vectors of texts of different versions are never compared. */
  readonly version: string
  /**
   * The text of a course, the same for the same course always. What is longer than 16,000 bytes is
   * cut; it must not be empty.
   */
  readonly textOf: (course: Course) => string
}

/**
 * What a course is about and for whom, nothing of what changes from day to day: title, category,
 * difficulty, description.
 */
export const courseTemplate: CourseTemplate = {
  version: '1',
  textOf({ title, category, difficulty, description }) {
    const about = [category, difficulty].filter((part) => part !== null).join(', ')
    return [title, about, description ?? ''].filter((part) => part !== '').join('\n')
  },
}
