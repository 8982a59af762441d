import type { Course } from '@headwater/repositories'

/**
 * Makes the text of a course that is embedded. Another text is another generation of the index:
 * change `version` whenever you change `textOf`.
 */
export interface CourseTemplate {
  /** Names the texts of `textOf`; vectors of different versions are never compared. */
  readonly version: string
  /**
   * The text of a course, always the same for the same course and never empty. It is cut at 16,000
   * bytes.
   */
  readonly textOf: (course: Course) => string
}

/**
 * Title, category, difficulty and description: the subject of a course and its audience, without
 * figures that change from day to day.
 */
export const courseTemplate: CourseTemplate = {
  version: '1',
  textOf({ title, category, difficulty, description }) {
    const about = [category, difficulty].filter((part) => part !== null).join(', ')
    return [title, about, description ?? ''].filter((part) => part !== '').join('\n')
  },
}
