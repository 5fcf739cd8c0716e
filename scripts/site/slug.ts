/** The anchor that GitHub gives a heading; its text may be Markdown. The site has the same, so links work in both. */
export function slug(heading: string): string {
  return heading.toLowerCase()
    .replaceAll(/[`*]|\[|\]\([^)]*\)|[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
}
