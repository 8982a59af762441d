import type { Course } from '@headwater/repositories'
import Form from 'next/form'
import { CourseCard } from './course-card.tsx'
import { enrolledIn, findCourses, visitor } from './catalogue.ts'
import { Notice } from './notice.tsx'
import { noticeOf } from './notices.ts'
import { SignIn } from './sign-in.tsx'

interface Props {
  readonly searchParams: Promise<Readonly<Record<string, string | string[] | undefined>>>
}

export default async function CataloguePage({ searchParams }: Props) {
  const { q, notice } = await searchParams
  const query = typeof q === 'string' ? q.trim() : ''
  const [courses, user, enrolled] = await Promise.all([findCourses(query), visitor(), enrolledIn()])
  return (
    <>
      <header>
        <h1>Courses</h1>
        {user === undefined ? <SignIn query={query} /> : <p>Signed in as {user.username}</p>}
      </header>
      <main>
        <Form action="/" role="search">
          <label htmlFor="q">Search the courses</label>
          <input id="q" name="q" type="search" defaultValue={query} maxLength={200} />
          <button>Search</button>
        </Form>
        <Notice text={noticeOf(notice)} />
        <Results {...{ courses, query, enrolled }} />
      </main>
    </>
  )
}

interface ResultsProps {
  readonly courses: readonly Course[] | undefined
  readonly query: string
  readonly enrolled: ReadonlySet<number>
}

function Results({ courses, query, enrolled }: ResultsProps) {
  if (courses === undefined) return <p>The courses are not available at the moment.</p>
  const title = query === '' ? 'All courses' : `Courses for “${query}”`
  return (
    <section aria-labelledby="results">
      <h2 id="results">{title}</h2>
      {courses.length === 0 && <p>No course was found.</p>}
      <ul>
        {courses.map((course) => (
          <li key={course.id}>
            <CourseCard course={course} query={query} isEnrolled={enrolled.has(course.id)} />
          </li>
        ))}
      </ul>
    </section>
  )
}
