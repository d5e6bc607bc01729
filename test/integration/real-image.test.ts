import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { berth, type Ended } from "../support/berth-executable.ts";
import {
  judge,
  noRealImage,
  Podman,
  type RealImage,
  realImage,
  realImageVariants,
} from "../support/real-image.ts";
import { listTree, readTree, type Tree, treeDifference } from "../support/tree-listing.ts";

setDefaultTimeout(120_000);

const variants = Object.keys(realImageVariants) as (keyof typeof realImageVariants)[];
const roots: string[] = [];

function succeed({ code, stdout, stderr }: Ended): string {
  if (code !== 0) throw new Error(`status ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** Directories that the top layer has files in but no entries for. */
async function impliedDirectories({ layout, tag }: RealImage): Promise<string[]> {
  const manifest = JSON.parse(await judge(["skopeo", "inspect", "--raw", `oci:${layout}:${tag}`]));
  const hex = manifest.layers.at(-1).digest.slice("sha256:".length);
  const names = (await judge(["tar", "-tzf", `${layout}/blobs/sha256/${hex}`])).trimEnd().split("\n");
  const described = new Set(names.map((name) => name.replace(/\/$/, "")));
  const parents = new Set(
    names.flatMap((name) => name.split("/").map((_, depth, parts) => parts.slice(0, depth).join("/"))),
  );
  return [...parents].filter((path) => path !== "" && !described.has(path));
}

describe.skipIf(noRealImage !== undefined)("Debian with nginx, from a docker-registry", () => {
  let image: RealImage;
  let expected: Tree;
  const newRoot = (name: string) => {
    const root = image.newDirectory(name);
    roots.push(root);
    return root;
  };

  beforeAll(async () => {
    image = await realImage();
    const directory = image.newDirectory("umoci");
    const script = `umoci unpack --image "$1:nginx" "$2/bundle" && cd "$2/bundle/rootfs" && { ${listTree}\n}; rm -rf "$2/bundle"`;
    expected = readTree(
      await judge(["buildah", "unshare", "sh", "-c", script, "sh", image.layout, directory]),
    );
  });
  afterAll(async () => {
    for (const root of roots) {
      await berth(root, [
        "rm",
        "-f",
        ...(await berth(root, ["ps", "-aq"])).stdout.split("\n").filter(Boolean),
      ]);
      for (const id of (await berth(root, ["images", "-q"])).stdout.split("\n").filter(Boolean))
        await berth(root, ["rmi", "-f", id]);
    }
  });

  test("the judges agree on the tree", async () => {
    expect(Object.keys(expected).length).toBeGreaterThan(7000);
    expect(expected["usr/bin/su"]).toMatch(/^f 4755 0:0 /);
    expect(expected["var/mail"]).toMatch(/^d 2775 0:8 /);
    expect(expected["usr/bin/ping"]).toEndWith(" cap_net_raw=ep");
    await using podman = new Podman();
    await podman.run("pull", "-q", "--tls-verify=false", image.name("OCI with gzip layers"));
    const run = [
      "run",
      "--rm",
      "--network=none",
      "--cgroups=disabled",
      "-w",
      "/",
      image.name("OCI with gzip layers"),
    ];
    // Podman makes directories anew that the upper layer has without describing them; umoci and berth leave them be.
    const theirs = readTree(await podman.run(...run, "sh", "-c", listTree));
    const implied = new Set(await impliedDirectories(image));
    const comparable = (tree: Tree) =>
      Object.fromEntries(Object.entries(tree).filter(([path]) => !implied.has(path)));
    expect(implied.size).toBeGreaterThan(10);
    expect(treeDifference(comparable(theirs), comparable(expected))).toEqual([]);
  });

  describe.each(variants)("%s", (variant) => {
    test("is pulled with the digest that skopeo tells, and is the judges' tree", async () => {
      const root = newRoot("pull");
      const name = image.name(variant);
      const raw = await judge(["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${name}`]);
      const digest = `sha256:${new Bun.CryptoHasher("sha256").update(raw).digest("hex")}`;
      const output = succeed(await berth(root, ["pull", name]));
      expect(output).toContain(`Digest: ${digest}\nStatus: Downloaded newer image for ${name}\n`);
      expect(succeed(await berth(root, ["pull", name]))).toContain(
        `Status: Image is up to date for ${name}\n`,
      );
      const config = await judge([
        "skopeo",
        "inspect",
        "--config",
        "--raw",
        "--tls-verify=false",
        `docker://${name}`,
      ]);
      const id = `sha256:${new Bun.CryptoHasher("sha256").update(config).digest("hex")}`;
      const [shown] = JSON.parse(succeed(await berth(root, ["inspect", name])));
      expect(shown).toMatchObject({ Id: id, RepoDigests: [`${name.replace(/:nginx$/, "")}@${digest}`] });
      if (!variant.startsWith("OCI with ")) return;
      const listed = await berth(root, [
        "run",
        "--rm",
        "--network",
        "none",
        "-w",
        "/",
        name,
        "sh",
        "-c",
        listTree,
      ]);
      expect(listed.stderr).toBe("");
      expect(treeDifference(readTree(succeed(listed)), expected)).toEqual([]);
      expect(readdirSync(join(root, "data/tmp"))).toEqual([]);
    });
  });

  describe.each(["overlay", "fuse-overlayfs"])("run on %s", (driver) => {
    let root: string;
    const env = { BERTH_STORAGE_DRIVER: driver };
    const run = (...args: string[]) => berth(root, ["run", "--rm", "--network", "none", ...args], { env });
    const bash = async (script: string, ...flags: string[]) =>
      succeed(await run(...flags, image.name("OCI with gzip layers"), "bash", "-euc", script));

    beforeAll(async () => {
      root = newRoot(driver);
      succeed(await berth(root, ["pull", "-q", image.name("OCI with gzip layers")]));
    });

    test("the container sees the judges' tree", async () => {
      expect(treeDifference(readTree(await bash(listTree, "-w", "/")), expected)).toEqual([]);
    });

    test("what belongs to a layer is what dpkg installed", async () => {
      expect(await bash("cat /etc/motd; pwd; dpkg --verify | grep -v /usr/share/doc/ || true")).toBe(
        "made for tests\n/srv/work\n",
      );
      expect(await bash("dpkg-query -W -f '${db:Status-Status}\\n' | sort -u")).toBe("installed\n");
    });

    test("programs of many kinds run", async () => {
      expect(await bash("grep ^ID= /etc/os-release; locale charmap; apt-get --version | head -n 1")).toMatch(
        /^ID=debian\nUTF-8\napt 2\./,
      );
      expect(await bash("perl -e 'print join(q( ), map { $_ ** 2 } 1..5), qq(\\n)'")).toBe("1 4 9 16 25\n");
      expect((await bash("seq 1000000")).length).toBe(6888896);
      expect((await run(image.name("OCI with gzip layers"), "nginx", "-t")).stderr).toContain(
        "test is successful",
      );
    });

    test("users of the image are who they are, and set-user-id programs work", async () => {
      expect(await bash("id -un; id -G; id -u", "-u", "www-data")).toBe("www-data\n33\n33\n");
      expect(
        await bash(
          "cd /tmp; touch a; chown www-data:mail a; stat -c %U:%G a; setpriv --reuid 33 --regid 33 --clear-groups cat /etc/shadow 2>&1 || echo refused",
        ),
      ).toMatch(/^www-data:mail\n.*Permission denied\nrefused\n$/);
      // su needs the password of root, which is locked; that it can look there at all shows that it became root.
      expect(await bash("passwd -S 2>&1", "-u", "www-data")).toMatch(/^www-data L /);
      expect(await bash("ping -c 1 127.0.0.1 | grep -c 'bytes from'", "-u", "www-data")).toBe("1\n");
    });

    test("packages can be removed and installed files changed", async () => {
      expect(
        await bash(
          "dpkg --purge --force-depends nginx-light nginx-common >/dev/null 2>&1; test ! -e /etc/nginx/nginx.conf; ls /var/www/html | wc -l",
        ),
      ).toMatch(/^\d+\n$/);
      expect(await bash("test -e /etc/nginx/nginx.conf && dpkg-query -W -f '${Status}\\n' nginx-light")).toBe(
        "install ok installed\n",
      );
    });

    test("nginx serves what is in the image, as www-data", async () => {
      const script = `nginx
        for i in $(seq 100); do exec 3<>/dev/tcp/127.0.0.1/80 && break; sleep 0.1; done
        printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3
        grep -a -e HTTP -e '<title>' <&3
        ps() { cat /proc/[0-9]*/status; }; ps | grep -A 8 '^Name:.nginx' | awk '/^Uid/ { print $2 }' | sort -u
        nginx -s quit`;
      expect(await bash(script)).toBe(
        "HTTP/1.1 200 OK\n<title>Welcome to nginx!</title>\n0\n33\n".replace(/\n/, "\r\n"),
      );
    });
  });

  test("run on plain copies sees the judges' tree too", async () => {
    const root = newRoot("copy");
    const env = { BERTH_STORAGE_DRIVER: "copy" };
    const name = image.name("OCI with gzip layers");
    const run = ["run", "--rm", "--network", "none", "-w", "/", name, "sh", "-c", listTree];
    succeed(await berth(root, ["pull", "-q", name]));
    expect(treeDifference(readTree(succeed(await berth(root, run, { env }))), expected)).toEqual([]);
    expect(readdirSync(join(root, "data/containers"))).toEqual([]);
  });

  test("nginx of the image's own command serves the host's network, and ends at its stop signal", async () => {
    // The configuration asks for port 0, so that the kernel chooses a free one.
    const root = newRoot("serve");
    const name = image.name("OCI with gzip layers");
    const { berthExecutable } = await import("../support/berth-executable.ts");
    const { writeFileSync, mkdirSync } = await import("node:fs");
    const free = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { port } = free;
    free.stop();
    const site = join(root, "site");
    mkdirSync(site);
    writeFileSync(join(site, "default"), `server { listen 127.0.0.1:${port}; root /pages; }\n`);
    mkdirSync(join(site, "pages"));
    writeFileSync(join(site, "pages/index.html"), "from a volume\n");
    const child = Bun.spawn(
      [
        berthExecutable,
        ..."run --rm --network host --name web -v".split(" "),
        `${site}/default:/etc/nginx/sites-enabled/default:ro`,
        "-v",
        `${site}/pages:/pages:ro`,
        name,
      ],
      {
        cwd: "/",
        env: { PATH: process.env.PATH, HOME: root, BERTH_ROOT: join(root, "data") },
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    let answer = "";
    while (answer === "" && child.exitCode === null) {
      answer = await fetch(`http://127.0.0.1:${port}/`).then(
        (response) => response.text(),
        () => "",
      );
    }
    expect(answer).toBe("from a volume\n");
    expect(succeed(await berth(root, ["ps", "--format", "{{.Names}} {{.Command}}"]))).toBe(
      `web "nginx -g 'daemon of…"\n`,
    );
    child.kill("SIGQUIT");
    expect(await child.exited).toBe(0);
    expect(readdirSync(join(root, "data/containers"))).toEqual([]);
  });
});
