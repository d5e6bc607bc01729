import { expect, test } from "bun:test";
import { findImage, lookUpImage } from "../../../src/engine/find-image.ts";
import { testEngine } from "../../support/engine.ts";
import { digestOf } from "../../support/records.ts";

test("an image is found by name, familiar or whole, by digest, id and prefix", () => {
  using engine = testEngine();
  const image = engine.addImage("a", ["docker.io/library/app:latest"]);
  const { store } = engine.context;
  store.repositoryDigests.add({
    repository: "docker.io/library/app",
    digest: digestOf("m"),
    imageId: image.id,
  });
  const hex = image.id.slice(7);
  for (const text of ["app", "app:latest", "docker.io/library/app", `app@${digestOf("m")}`]) {
    expect(lookUpImage(store, text)).toMatchObject({ by: "reference", image: { id: image.id } });
  }
  for (const text of [image.id, hex, hex.slice(0, 12), image.id.slice(0, 15)]) {
    expect(lookUpImage(store, text)).toMatchObject({ by: "id", image: { id: image.id } });
  }
});

test("what is not there is named as Docker names it", () => {
  using engine = testEngine();
  const { store } = engine.context;
  expect(() => findImage(store, "x")).toThrow("No such image: x:latest");
  expect(() => findImage(store, "docker.io/library/x:1")).toThrow("No such image: x:1");
  expect(() => findImage(store, digestOf("x"))).toThrow(`No such image: ${digestOf("x")}`);
  expect(() => findImage(store, "Foo")).toThrow("must be lowercase");
});

test("a name wins over the prefix of an id that is spelt the same", () => {
  using engine = testEngine();
  const first = engine.addImage("a", []);
  const second = engine.addImage("b", [`docker.io/library/${first.id.slice(7, 12)}:latest`]);
  expect(findImage(engine.context.store, first.id.slice(7, 12)).id).toBe(second.id);
});
