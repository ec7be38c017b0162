/** The pictures of a run, in `samples/` of its folder. */
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { encodePng, type Image } from "../formats/image.ts";
import { composeGrid, grid, unstack } from "../formats/image-grid.ts";
import { openAdmSamples } from "../formats/npz.ts";
import { SAMPLES } from "./sample.ts";

export interface Pictures {
  readonly samples: string | null;
  readonly grid: string | null;
  readonly film: string | null;
  readonly filmSteps: readonly number[];
  readonly neighbours: string | null;
}

export const NO_PICTURES: Pictures = {
  samples: null,
  grid: null,
  film: null,
  filmSteps: [],
  neighbours: null,
};

const GRID_COLUMNS = 10;
const GRID_IMAGES = 60;
const FILM_IMAGES = 10;

/** A file name from an entry's name. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "") || "entry";

async function write(folder: string, name: string, png: Uint8Array): Promise<string> {
  const path = `samples/${name}`;
  await mkdir(join(folder, "samples"), { recursive: true });
  await writeFileAtomic(join(folder, path), Buffer.from(png));
  return path;
}

/** Images (uint8 [n, side, side, 3]) in rows of ten; returns the path relative to the run folder. */
export async function writeGrid(
  folder: string,
  name: string,
  images: Uint8Array,
  side: number,
): Promise<string> {
  return write(folder, `${name}.png`, await grid(unstack(images, side, side), GRID_COLUMNS));
}

/** One row a frame, earliest first: the same ten seeds as training goes on. */
async function writeFilm(
  folder: string,
  name: string,
  frames: readonly string[],
  side: number,
): Promise<string> {
  const rows: Image[] = [];
  for (const file of frames) rows.push(...unstack(await readFile(file), side, side).slice(0, FILM_IMAGES));
  return write(folder, `${name}-film.png`, await encodePng(composeGrid(rows, FILM_IMAGES)));
}

/** Samples above, the nearest training image of each below. */
export async function writeNeighbours(
  folder: string,
  name: string,
  samples: Uint8Array,
  nearest: Uint8Array,
  side: number,
): Promise<string> {
  const above = unstack(samples, side, side);
  return write(
    folder,
    `${name}-neighbours.png`,
    await grid([...above, ...unstack(nearest, side, side)], above.length),
  );
}

/** The first images of a stored set, as a grid. */
export async function writeStoredGrid(
  folder: string,
  name: string,
  stored: string,
  side: number,
): Promise<string> {
  return writeGrid(folder, name, await firstSamples(stored, GRID_IMAGES), side);
}

/** At most `count` images from the start of a stored set; the others are not read. */
export async function firstSamples(stored: string, count: number): Promise<Uint8Array> {
  const samples = await openAdmSamples(join(stored, SAMPLES));
  try {
    return await samples.images(0, Math.min(count, samples.shape[0]));
  } finally {
    await samples.close();
  }
}

/** Keeps an entry's samples in the run folder, with their grid and a film strip of `frames` (paths, by step). */
export async function writeEntryPictures(
  folder: string,
  name: string,
  stored: string,
  side: number,
  frames: ReadonlyMap<number, string>,
): Promise<Pictures> {
  const grid = await writeStoredGrid(folder, name, stored, side);
  const samples = `samples/${name}.npz`;
  await copyFile(join(stored, SAMPLES), join(folder, samples));
  const film = frames.size > 0 ? await writeFilm(folder, name, [...frames.values()], side) : null;
  return { samples, grid, film, filmSteps: [...frames.keys()], neighbours: null };
}
