/**
 * What the labels of detectors are called in Amazon Rekognition, what they are kinds of, and to which of its categories they
 * belong. A label that is not here is told by its own name, without kin.
 */

export interface LabelFacts {
  readonly name: string;
  /** All that it is a kind of. */
  readonly parents: readonly string[];
  readonly aliases: readonly string[];
  readonly category: string | undefined;
}

const ANIMALS = 'Animals and Pets';
const APPAREL = 'Apparel and Accessories';
const FOOD = 'Food and Beverage';
const FURNITURE = 'Furniture and Furnishings';
const APPLIANCES = 'Home Appliances';
const HOME = 'Home and Indoors';
const SPORTS = 'Sports';
const TECHNOLOGY = 'Technology and Computing';
const TRANSPORT = 'Transport and Logistics';
const VEHICLES = 'Vehicles and Automotive';

const VEHICLE = 'Transportation, Vehicle';
const MAMMAL = 'Animal, Mammal';

/** By the labels of COCO, and a few that other models have; a name only where it is not the label itself. */
const TABLE: readonly (readonly [
  label: string,
  category: string,
  parents?: string,
  aliases?: string,
  name?: string,
])[] = [
  ['person', 'Person Description', '', 'Human'],
  ['bicycle', VEHICLES, VEHICLE, 'Bike'],
  ['car', VEHICLES, VEHICLE, 'Automobile'],
  ['motorcycle', VEHICLES, VEHICLE, 'Motor Cycle'],
  ['airplane', VEHICLES, `Aircraft, ${VEHICLE}`, 'Aeroplane, Plane'],
  ['bus', VEHICLES, VEHICLE],
  ['train', VEHICLES, VEHICLE],
  ['truck', VEHICLES, VEHICLE, 'Lorry'],
  ['van', VEHICLES, VEHICLE],
  ['boat', VEHICLES, VEHICLE],
  ['traffic light', TRANSPORT, 'Light'],
  ['fire hydrant', 'Public Safety', 'Hydrant'],
  ['stop sign', 'Symbols and Flags', 'Road Sign, Sign, Symbol', 'Stop Sign', 'Stopsign'],
  ['parking meter', TRANSPORT],
  ['bench', FURNITURE, 'Furniture'],
  ['bird', ANIMALS, 'Animal'],
  ['cat', ANIMALS, `${MAMMAL}, Pet`],
  ['dog', ANIMALS, `${MAMMAL}, Canine, Pet`],
  ['horse', ANIMALS, MAMMAL],
  ['sheep', ANIMALS, `${MAMMAL}, Livestock`],
  ['cow', ANIMALS, `${MAMMAL}, Cattle, Livestock`],
  ['elephant', ANIMALS, `${MAMMAL}, Wildlife`],
  ['bear', ANIMALS, `${MAMMAL}, Wildlife`],
  ['zebra', ANIMALS, `${MAMMAL}, Wildlife`],
  ['giraffe', ANIMALS, `${MAMMAL}, Wildlife`],
  ['backpack', APPAREL, 'Bag'],
  ['umbrella', APPAREL, 'Canopy'],
  ['handbag', APPAREL, 'Accessories, Bag', 'Purse'],
  ['tie', APPAREL, 'Accessories, Formal Wear', 'Necktie'],
  ['suitcase', TRANSPORT, 'Baggage'],
  ['frisbee', 'Toys and Gaming', 'Toy'],
  ['skis', SPORTS],
  ['snowboard', SPORTS],
  ['sports ball', SPORTS, 'Sport', '', 'Ball'],
  ['kite', 'Toys and Gaming', 'Toy'],
  ['baseball bat', SPORTS, 'Baseball, Sport'],
  ['baseball glove', SPORTS, 'Baseball, Baseball Equipment, Sport'],
  ['skateboard', SPORTS],
  ['surfboard', SPORTS],
  ['tennis racket', SPORTS, 'Racket, Sport, Tennis'],
  ['bottle', FOOD],
  ['wine glass', FOOD, 'Glass'],
  ['cup', FOOD],
  ['fork', HOME, 'Cutlery'],
  ['knife', 'Weapons and Military', 'Weapon'],
  ['spoon', HOME, 'Cutlery'],
  ['bowl', HOME],
  ['banana', FOOD, 'Food, Fruit, Plant, Produce'],
  ['apple', FOOD, 'Food, Fruit, Plant, Produce'],
  ['sandwich', FOOD, 'Food'],
  ['orange', FOOD, 'Food, Fruit, Plant, Produce'],
  ['broccoli', FOOD, 'Food, Plant, Produce, Vegetable'],
  ['carrot', FOOD, 'Food, Plant, Produce, Vegetable'],
  ['hot dog', FOOD, 'Food'],
  ['pizza', FOOD, 'Food'],
  ['donut', FOOD, 'Food, Sweets', 'Doughnut'],
  ['cake', FOOD, 'Dessert, Food', 'Torte'],
  ['chair', FURNITURE, 'Furniture'],
  ['couch', FURNITURE, 'Furniture', 'Sofa'],
  ['potted plant', 'Plants and Flowers', 'Plant'],
  ['bed', FURNITURE, 'Furniture'],
  ['dining table', FURNITURE, 'Furniture, Table'],
  ['toilet', HOME, 'Bathroom, Indoors, Room'],
  ['tv', TECHNOLOGY, 'Computer Hardware, Electronics, Hardware, Screen', 'Television', 'TV'],
  ['laptop', TECHNOLOGY, 'Computer, Electronics, Pc'],
  ['mouse', TECHNOLOGY, 'Computer Hardware, Electronics, Hardware'],
  ['remote', TECHNOLOGY, 'Electronics', '', 'Remote Control'],
  ['keyboard', TECHNOLOGY, 'Computer Hardware, Electronics, Hardware', '', 'Computer Keyboard'],
  ['cell phone', TECHNOLOGY, 'Electronics, Phone', 'Cell Phone', 'Mobile Phone'],
  ['microwave', APPLIANCES, 'Appliance, Device, Electrical Device'],
  ['oven', APPLIANCES, 'Appliance, Device, Electrical Device'],
  ['toaster', APPLIANCES, 'Appliance, Device, Electrical Device'],
  ['sink', HOME],
  ['refrigerator', APPLIANCES, 'Appliance, Device, Electrical Device', 'Fridge'],
  ['book', 'Education', 'Publication'],
  ['clock', HOME],
  ['vase', HOME, 'Jar, Pottery'],
  ['scissors', 'Tools and Machinery'],
  ['teddy bear', 'Toys and Gaming', 'Toy'],
  [
    'hair drier',
    'Beauty and Personal Care',
    'Appliance, Blow Dryer, Device, Electrical Device',
    '',
    'Hair Dryer',
  ],
  ['toothbrush', 'Beauty and Personal Care', 'Brush, Device, Tool'],
];

const FACTS: ReadonlyMap<string, LabelFacts> = new Map(
  TABLE.map(([label, category, parents = '', aliases = '', name = titled(label)]) => [
    label,
    { name, category, parents: listOf(parents), aliases: listOf(aliases) },
  ]),
);

/** What there is to say of a label of a detector. */
export function factsOf(label: string): LabelFacts {
  return FACTS.get(label) ?? { name: titled(label), parents: [], aliases: [], category: undefined };
}

/** `traffic light` is told as `Traffic Light`. */
function titled(label: string): string {
  return label.replaceAll(/(?<![\p{L}\p{N}])\p{Ll}/gu, (letter) => letter.toUpperCase());
}

function listOf(text: string): string[] {
  return text === '' ? [] : text.split(', ');
}
