/** Basic and bearer authorization, and security case B7. */
import { describe, expect, test } from "bun:test";
import type { Credentials } from "../../../src/registry/credentials.ts";
import { type Authentication, startFaultyRegistry } from "../../support/faulty-registry.ts";
import {
  download,
  failureOf,
  openTestRegistry,
  patternedBytes,
  ReadGate,
} from "../../support/registry-client.ts";

const layers = [1, 2, 3, 4].map((seed) => patternedBytes(150_000, seed));
const basic = { kind: "basic", username: "user", password: "dTpw" } as const;
const bearer = { kind: "bearer", username: "user", password: "dTpw" } as const;
const asUser = async (): Promise<Credentials> => ({ username: "user", password: "dTpw" });

function protectedRegistry(auth: Authentication) {
  const registry = startFaultyRegistry({ auth });
  return { registry, image: registry.addImage({ layers }) };
}

describe("basic", () => {
  test("credentials are sent after the challenge and asked for by the reference's host", async () => {
    const { registry, image } = protectedRegistry(basic);
    await using _ = registry;
    const hosts: string[] = [];
    const client = openTestRegistry({
      credentials(host) {
        hosts.push(host);
        return asUser();
      },
    });
    await client.resolve(image.reference);
    for (const layer of image.layers) await download(client.fetchBlob(image.reference, layer));
    expect(hosts).toEqual([registry.host]);
    const [first, ...later] = registry.requests;
    expect(first!.headers.authorization).toBeUndefined();
    for (const request of later) expect(request.headers.authorization).toBe(`Basic ${btoa("user:dTpw")}`);
  });

  test("without credentials the error says what is missing", async () => {
    const { registry, image } = protectedRegistry(basic);
    await using _ = registry;
    const error = await failureOf(openTestRegistry().resolve(image.reference));
    expect(error.code).toBe("unauthorized");
    expect(error.message).toContain("pull access denied for");
    expect(error.message).toContain("no basic auth credentials");
    expect(error.hint).toContain("berth login");
  });

  test("a wrong password is tried once and appears nowhere", async () => {
    const { registry, image } = protectedRegistry(basic);
    await using _ = registry;
    const client = openTestRegistry({ credentials: async () => ({ username: "user", password: "wr0ng" }) });
    const error = await failureOf(client.resolve(image.reference));
    expect(error.code).toBe("unauthorized");
    expect(Bun.inspect(error)).not.toMatch(/wr0ng|Basic [A-Za-z0-9]/);
    expect(registry.requests.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(2);
  });
});

describe("bearer", () => {
  test("tokens are got anonymously where the service gives them to anybody", async () => {
    const { registry, image } = protectedRegistry({ kind: "bearer" });
    await using _ = registry;
    expect((await openTestRegistry().resolve(image.reference)).descriptor).toEqual(image.manifest);
    const request = registry.requests.find(({ path }) => path.startsWith("/token"))!;
    const query = new URL(request.path, registry.origin).searchParams;
    expect(query.get("scope")).toBe("repository:library/app:pull");
    expect(query.get("service")).toBe("faulty registry");
    expect(request.headers.authorization).toBeUndefined();
  });

  test("credentials go to the token service and only the token to the registry", async () => {
    const { registry, image } = protectedRegistry(bearer);
    await using _ = registry;
    await openTestRegistry({ credentials: asUser }).resolve(image.reference);
    for (const { path, headers } of registry.requests) {
      if (path.startsWith("/token")) {
        expect(headers.authorization).toBe(`Basic ${btoa("user:dTpw")}`);
        expect(path).toContain("account=user");
      } else expect(headers.authorization ?? "").not.toContain("Basic");
    }
  });

  test("an identity token is sent in the body of a POST", async () => {
    const { registry, image } = protectedRegistry({ ...bearer, identityToken: "refresh-me" });
    await using _ = registry;
    const client = openTestRegistry({ credentials: async () => ({ identityToken: "refresh-me" }) });
    expect((await client.resolve(image.reference)).descriptor).toEqual(image.manifest);
    const request = registry.requests.find(({ path }) => path.startsWith("/token"))!;
    expect(request.method).toBe("POST");
    expect(request.path).toBe("/token");
    expect(new URLSearchParams(request.body).get("grant_type")).toBe("refresh_token");
  });

  test("one token serves a whole pull, also of several blobs at once", async () => {
    const { registry, image } = protectedRegistry(bearer);
    await using _ = registry;
    const client = openTestRegistry({ credentials: asUser });
    await client.resolve(image.reference);
    await Promise.all(image.layers.map((layer) => download(client.fetchBlob(image.reference, layer))));
    expect(registry.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(1);
  });

  test("blobs that start at once, with no token yet, ask for one token", async () => {
    const { registry, image } = protectedRegistry(bearer);
    await using _ = registry;
    const client = openTestRegistry({ credentials: asUser });
    await Promise.all(image.layers.map((layer) => download(client.fetchBlob(image.reference, layer))));
    expect(registry.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(1);
  });

  test("a token that ended early is renewed once", async () => {
    const { registry, image } = protectedRegistry(bearer);
    await using _ = registry;
    const client = openTestRegistry({ credentials: asUser });
    await client.resolve(image.reference);
    registry.expireTokens();
    await Promise.all(image.layers.map((layer) => download(client.fetchBlob(image.reference, layer))));
    expect(registry.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(2);
  });

  test("a connection that breaks after the token expired goes on where it was", async () => {
    const { registry, image } = protectedRegistry(bearer);
    await using _ = registry;
    const gate = new ReadGate();
    const client = openTestRegistry({
      credentials: asUser,
      onRetry: () => registry.expireTokens(),
    });
    registry.inject(
      ({ path, headers }) => path.includes("/blobs/") && headers.authorization !== undefined,
      { kind: "reset", afterBytes: 70_000, hold: () => gate.reached(70_000) },
      { times: 1 },
    );
    const bytes = await download(client.fetchBlob(image.reference, image.layers[0]!), gate);
    expect(bytes).toEqual(Buffer.from(layers[0]!));
    expect(registry.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(2);
    expect(registry.requests.at(-1)!.headers.range).toBeDefined();
  });

  test("a token that is about to end is renewed before it is used", async () => {
    const { registry, image } = protectedRegistry({ ...bearer, lifetimeSeconds: 2 });
    await using _ = registry;
    const client = openTestRegistry({ credentials: asUser });
    await client.resolve(image.reference);
    await client.resolve(image.reference);
    expect(registry.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(2);
    expect(registry.requests.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(3);
  });

  test("the token service is asked again when it is busy", async () => {
    const { registry, image } = protectedRegistry(bearer);
    await using _ = registry;
    registry.inject("/token", { kind: "answer", status: 503 }, { times: 1 });
    const client = openTestRegistry({ credentials: asUser });
    expect((await client.resolve(image.reference)).descriptor).toEqual(image.manifest);
  });

  test("a refusal of the token service names it and not the password", async () => {
    const { registry, image } = protectedRegistry(bearer);
    await using _ = registry;
    const client = openTestRegistry({ credentials: async () => ({ username: "user", password: "wr0ng" }) });
    const error = await failureOf(client.resolve(image.reference));
    expect(error.code).toBe("unauthorized");
    expect(error.message).toContain("incorrect username or password");
    expect(error.message).toContain(registry.host);
    expect(Bun.inspect(error)).not.toContain("wr0ng");
  });
});

describe("B7: hostile challenges and token services", () => {
  test("a token that is never accepted ends after one renewal", async () => {
    const { registry, image } = protectedRegistry({ ...bearer, neverAccept: true });
    await using _ = registry;
    const error = await failureOf(openTestRegistry({ credentials: asUser }).resolve(image.reference));
    expect(error.code).toBe("unauthorized");
    expect(registry.requests.filter(({ path }) => path.includes("/manifests/"))).toHaveLength(2);
    expect(registry.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(1);
    expect(Bun.inspect(error)).not.toMatch(/token-[0-9a-f]/);
  });

  test("another repository's scope in the challenge is not asked for", async () => {
    const { registry, image } = protectedRegistry({
      ...bearer,
      scope: "repository:victim/private:pull,push",
    });
    await using _ = registry;
    await openTestRegistry({ credentials: asUser }).resolve(image.reference);
    const { path } = registry.requests.find((request) => request.path.startsWith("/token"))!;
    expect(new URL(path, registry.origin).searchParams.getAll("scope")).toEqual([
      "repository:library/app:pull",
    ]);
  });

  test("a realm on another host is asked without credentials and named in the error", async () => {
    await using thief = startFaultyRegistry({ auth: bearer });
    // Another loopback name than the registry's, so another host for the same machine.
    const realm = `http://localhost:${thief.port}/token`;
    const { registry, image } = protectedRegistry({ ...bearer, realm });
    await using _ = registry;
    const error = await failureOf(openTestRegistry({ credentials: asUser }).resolve(image.reference));
    expect(error.code).toBe("unauthorized");
    expect(error.message).toContain(`localhost:${thief.port}`);
    expect(error.hint).toContain("credentials are not sent to");
    expect(thief.requests).toHaveLength(1);
    expect(thief.requests[0]!.headers.authorization).toBeUndefined();
    expect(thief.requests[0]!.path).not.toContain("user");
  });

  for (const [name, realm] of [
    ["a file", "file:///etc/passwd"],
    ["plain HTTP elsewhere", "http://auth.example.com/token"],
    ["an address with a user", "https://user:pw@auth.example.com/token"],
    ["nothing", ""],
  ] as const) {
    test(`a realm that is ${name} is refused`, async () => {
      const { registry, image } = protectedRegistry({ ...bearer, realm });
      await using _ = registry;
      const error = await failureOf(openTestRegistry({ credentials: asUser }).resolve(image.reference));
      expect(error.code).toBe("registry");
      expect(error.message).toContain("token service");
      expect(error.message).not.toContain("pw@");
    });
  }

  test("an endless token is cut off", async () => {
    const { registry, image } = protectedRegistry(bearer);
    await using _ = registry;
    registry.inject("/token", { kind: "endless" });
    const error = await failureOf(openTestRegistry({ credentials: asUser }).resolve(image.reference));
    expect(error.message).toContain("1048576 bytes");
    expect(error.message).not.toContain("scope=");
  });

  test("a token service that redirects elsewhere does not take the password along", async () => {
    await using thief = startFaultyRegistry({ auth: { kind: "bearer" } });
    const { registry, image } = protectedRegistry(bearer);
    await using _ = registry;
    registry.inject("/token", { kind: "redirect", to: `${thief.origin}/token?scope=x` });
    await failureOf(openTestRegistry({ credentials: asUser }).resolve(image.reference));
    expect(thief.requests.length).toBeGreaterThan(0);
    for (const request of thief.requests) expect(request.headers.authorization).toBeUndefined();
  });

  test("a redirected POST does not take the identity token along", async () => {
    await using thief = startFaultyRegistry({ auth: { kind: "bearer" } });
    const { registry, image } = protectedRegistry({ ...bearer, identityToken: "refresh-me" });
    await using _ = registry;
    registry.inject("/token", { kind: "redirect", to: `${thief.origin}/token`, status: 307 });
    const client = openTestRegistry({ credentials: async () => ({ identityToken: "refresh-me" }) });
    expect((await failureOf(client.resolve(image.reference))).code).toBe("registry");
    expect(thief.requests).toHaveLength(0);
  });

  for (const body of ["{}", "[]", "x", '{"token":"a\\nb"}', '{"token":7}', '{"token":""}']) {
    test(`a token service that answers ${body} is an error`, async () => {
      const { registry, image } = protectedRegistry(bearer);
      await using _ = registry;
      registry.inject("/token", { kind: "answer", status: 200, body });
      const error = await failureOf(openTestRegistry({ credentials: asUser }).resolve(image.reference));
      expect(error.code).toBe("registry");
      expect(error.message).toContain("token service");
    });
  }

  test("a 401 without a way to log in is an error", async () => {
    await using registry = startFaultyRegistry();
    const { reference } = registry.addImage({ layers });
    for (const header of ["", "Negotiate abc==", ",,,"]) {
      registry.inject(
        "/manifests/",
        { kind: "answer", status: 401, headers: { "www-authenticate": header } },
        { times: 1 },
      );
      const error = await failureOf(openTestRegistry({ credentials: asUser }).resolve(reference));
      expect(error.code).toBe("unauthorized");
    }
  });
});
