import { queryValue } from "../../modules/http/query.js";

test.each([
  ["/led?on=1", "on", "1"],
  ["/led?off=0&on=1", "on", "1"],
  ["/hub?access_token=YWJjZA==", "access_token", "YWJjZA=="],
  ["/login?returnUrl=/a?b=c&d", "returnUrl", "/a?b=c"],
  ["/login?returnUrl=/a?b=c&d", "d", ""],
  ["/?a=1&a=2", "a", "1"],
  ["/?a%20=1&b=%C3%A9+", "b", "\u00e9+"],
  ["/?=1", "", "1"],
  ["/?__proto__=1", "__proto__", "1"],
  ["/?a", "b", undefined],
  ["/?ab=1", "a", undefined],
  ["/?a=%zz", "a", undefined],
  ["/a=1&b=2", "b", undefined],
  ["/?", "a", undefined],
])("%s has %s: %s", (url, name, value) => {
  expect(queryValue(url, name)).toBe(value);
});
