'use server'

import { parseSetCookie } from 'cookie'
import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { ask } from '../ask.ts'
import type { NoticeType } from './notices.ts'

/** Enrolls the visitor in the course of the form. */
export async function enroll(form: FormData): Promise<never> {
  const path = `/courses/${textIn(form, 'courseId')}/enrollments`
  const { status, body } = await ask({ method: 'POST', path, body: {}, headers: await headers() })
  return back(form, status === 201 ? 'enrolled' : reasonIn(body))
}

/** Begins a session, whose cookie scripts cannot read. */
export async function signIn(form: FormData): Promise<never> {
  const body = { email: textIn(form, 'email'), password: textIn(form, 'password') }
  const answer = await ask({ method: 'POST', path: '/sessions', body, headers: await headers() })
  if (answer.cookie === undefined) return back(form, reasonIn(answer.body))
  const { name, value = '', ...attributes } = parseSetCookie(answer.cookie)
  const cookie = { name, value, ...attributes }
  ;(await cookies()).set(cookie)
  return back(form, 'signed-in')
}

/** Returns to the search that the form was part of: a reload repeats nothing. */
function back(form: FormData, notice: NoticeType | (string & {})): never {
  redirect(`/?${new URLSearchParams({ q: textIn(form, 'q'), notice })}#notice`)
}

function textIn(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

function reasonIn(body: unknown): string {
  return (body as { readonly error: { readonly type: string } }).error.type
}
