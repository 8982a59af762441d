import type { Course } from '@headwater/repositories'
import { enroll } from './actions.ts'

interface Props {
  readonly course: Course
  /** The search that the visitor returns to. */
  readonly query: string
  readonly isEnrolled: boolean
}

/** A course of the catalogue, with a button to enroll that needs no JavaScript. */
export function CourseCard({ course: { id, title, category, price, ...seats }, ...props }: Props) {
  const { query, isEnrolled } = props
  const { maxStudents, currentEnrollment } = seats
  const free =
    maxStudents === null ? 'open to all' : `${maxStudents - currentEnrollment} seats left`
  return (
    <article aria-labelledby={`course-${id}`}>
      <h3 id={`course-${id}`}>{title}</h3>
      <p>{[category, `$${price}`, free].filter(Boolean).join(' · ')}</p>
      <form action={enroll}>
        <input type="hidden" name="courseId" value={id} />
        <input type="hidden" name="q" value={query} />
        {/* Not `disabled`: the keyboard still reaches it, and learns why. */}
        <button aria-disabled={isEnrolled} aria-describedby={`course-${id}`}>
          {isEnrolled ? 'Enrolled' : 'Enroll'}
        </button>
      </form>
    </article>
  )
}
