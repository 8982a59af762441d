const notices = {
  enrolled: 'You are enrolled.',
  'signed-in': 'You are signed in.',
  'already-enrolled': 'You are enrolled already.',
  'course-full': 'This course has no seats left.',
  'not-signed-in': 'Sign in to enroll.',
  'wrong-credentials': 'The e-mail address or the password is wrong.',
  'rate-limited': 'Too many requests. Try again in a minute.',
} as const

/** The type of a notice. */
export type NoticeType = keyof typeof notices

/** The text of a notice in a URL, which never contains the text itself: anyone can write a URL. */
export function noticeOf(type: unknown): string {
  if (typeof type !== 'string' || type === '') return ''
  return Object.hasOwn(notices, type)
    ? notices[type as NoticeType]
    : 'That did not work. Try again in a while.'
}
