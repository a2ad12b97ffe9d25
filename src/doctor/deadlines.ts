/** How long one address may take to answer at all, in milliseconds. */
export const TCP_TIME = 3_000

/** How long whoever answers may take to prove who it is, or to answer a request, in milliseconds. */
export const ANSWER_TIME = 5_000
