"""Small GeoJSON texts for tests, and many that are wrong: each with the place and the words it is refused with."""

import json

SQUARE = "[[0,0],[1,0],[1,1],[0,1],[0,0]]"
INNER = "[[0.2,0.2],[0.6,0.2],[0.2,0.6],[0.2,0.2]]"


def polygon(*rings):
    return '{"type":"Polygon","coordinates":[' + ",".join(rings) + "]}"


def with_crs(name):
    return polygon(SQUARE)[:-1] + f',"crs":{{"type":"name","properties":{{"name":{json.dumps(name)}}}}}}}'


def feature(geometry):
    return f'{{"type":"Feature","properties":{{}},"geometry":{geometry}}}'


def collection(*features):
    return '{"type":"FeatureCollection",\n"features":[\n' + ",\n".join(features) + "\n]}"


# text, place, path and words of the first problem
REFUSED = {
    "empty": ("", "1:1", "is empty"),
    "only blanks": (" \n \n", "1:1", "is empty"),
    "not JSON": ("<kml></kml>", "1:1", "is not JSON: expecting value"),
    "cut short": ('{"type":\n  ', "2:3", "is not JSON: expecting value"),
    "a comma too few": ('{"type": "Polygon"\n "coordinates": []}', "2:2", "is not JSON: expecting ',' delimiter"),
    "something after": (polygon(SQUARE) + "\n{}", "2:1", "is not JSON: something follows after its end"),
    "NaN": (polygon(SQUARE.replace("[1,1]", "[NaN,1]")), "1:48", "coordinates.0.2.0: must be a number, got NaN"),
    "infinity": (polygon(SQUARE.replace("[1,1]", "[1,\n-Infinity]")), "2:1", "must be a number, got -Infinity"),
    "a number too large": (polygon(SQUARE.replace("[1,1]", "[1e999,1]")), "1:48", "coordinates.0.2: must be a finite"),
    "a number too long": (polygon(SQUARE.replace("[1,1]", "[1," + "9" * 5000 + "]")), "1:50", "must be a finite"),
    "duplicate key": ('{"type":"Polygon",\n "type":"Polygon"}', "2:2", "type: duplicate key, first given in line 1"),
    "nested too deep": ("[" * 100_000, "1:65", "is nested too deep"),
    "nested too deep in a member": ('{"a":' + '{"a":' * 50_000, "1:321", "is nested too deep"),
    "a list": ("[1, 2]", "1:1", "must be a GeoJSON object {…}, got a list of 2"),
    "a text": ('"Polygon"', "1:1", "must be a GeoJSON object {…}, got 'Polygon'"),
    "no type": ('{"coordinates": []}', "1:1", "needs a 'type': FeatureCollection, Feature, Polygon, MultiPolygon"),
    "type misspelt": ('{"type": "polygon"}', "1:10", "type: must be FeatureCollection or Feature or Polygon or Multi"),
    "type of text only": ('{"type": 5}', "1:10", "got 5"),
    "TopoJSON": ('{"type": "Topology"}', "1:10", "this is TopoJSON"),
    "geometry null": (feature("null"), "1:46", "geometry: has no geometry; give it a Polygon or MultiPolygon"),
    "geometry missing": ('{"type": "Feature"}', "1:1", "geometry: has no geometry"),
    "no features": (collection(), "2:12", "features: must be a list of features with a Polygon or MultiPolygon, got"),
    "features no list": ('{"type":"FeatureCollection","features":{}}', "1:40", "features: must be a list of features"),
    "feature no object": (collection("7"), "3:1", "features.0: must be a GeoJSON object {…}, got 7"),
    "geometry bare in a collection": (collection(polygon(SQUARE)), "3:9", "features.0.type: must be Feature, got 'Pol"),
    "a point": (
        collection(feature(polygon(SQUARE)), feature('{"type":"Point","coordinates":[1,2]}')),
        "4:54", "features.1.geometry.type: must be Polygon or MultiPolygon, got 'Point'",
    ),
    "a line": ('{"type":"LineString","coordinates":[[0,0],[1,1]]}', "1:9", "got 'LineString'"),
    "geometry collection": ('{"type":"GeometryCollection","geometries":[]}', "1:9", "make each of its geometries a"),
    "no coordinates": ('{"type":"Polygon"}', "1:1", "needs 'coordinates'"),
    "coordinates a text": ('{"type":"Polygon","coordinates":"0 0"}', "1:33", "must be a list of rings, got '0 0'"),
    "coordinates empty": ('{"type":"Polygon","coordinates":[]}', "1:33", "must be a list of rings, got an empty list"),
    "ring empty": ('{"type":"Polygon","coordinates":[[]]}', "1:34", "coordinates.0: must be a list of positions, got"),
    "multipolygon empty": ('{"type":"MultiPolygon","coordinates":[]}', "1:38", "must be a list of polygons, got"),
    "brackets too few": (f'{{"type":"Polygon","coordinates":{SQUARE}}}', "1:33", "open 3 brackets before the first nu"),
    "brackets too many": (polygon(f"[{SQUARE}]"), "1:33", "these 4: too many"),
    "one number": (polygon("[[0,0],[1],[1,1],[0,0]]"), "1:41", "coordinates.0.1: must be a position [longitude, lat"),
    "a number as text": (polygon('[[0,0],["1",0],[1,1],[0,0]]'), "1:42", "coordinates.0.1: must be a finite number, g"),
    "a number as bool": (polygon("[[0,0],[1,true],[1,1],[0,0]]"), "1:44", "must be a finite number, got true"),
    "ring too short": (polygon("[[0,0],[1,0],[0,0]]"), "1:34", "coordinates.0: a ring has at least 4 positions, got 3"),
    "ring open": (polygon("[[0,0],[1,0],[1,1],[0,1]]"), "1:53", "coordinates.0.3: a ring ends where it begins"),
    "no area": (polygon("[[0,0],[1,1],[2,2],[0,0]]"), "1:34", "coordinates.0: this ring encloses no area"),
    "all positions the same": (polygon("[[1,1],[1,1],[1,1],[1,1]]"), "1:34", "encloses no area"),
    "self-crossing": (
        polygon("[[0,0],[1,0],\n[0.2,1],[1,1],[0,0]]"),
        "2:1", "coordinates.0: this ring crosses or touches itself near longitude 0.555556, latitude 0.555556",
    ),
    "hole outside": (polygon(SQUARE, "\n[[2,2],[3,2],[2,3],[2,2]]"), "2:1", "coordinates.1: this hole lies outside"),
    "hole leaving": (polygon(SQUARE, "\n[[0.5,0.5],[3,0.5],[0.5,0.6],[0.5,0.5]]"), "2:1", "this hole leaves the outer"),
    "holes overlapping": (polygon(SQUARE, INNER, INNER), "1:33", "coordinates: the rings of this polygon cross, or"),
    "longitude": (polygon("[[179,0],[181,0],[180,1],[179,0]]"), "1:44", "longitude must be between -180 and 180, got"),
    "latitude": (polygon("[[0,89],[1,89],[1,-90.5],[0,89]]"), "1:52", "coordinates.0.2: latitude must be between -90"),
    "swapped": (
        polygon("[[48.6,136],\n[48.7,137],[48.9,136.5],[48.6,136]]"),
        "1:41", "beyond 90 degrees, here 136; longitude comes first, then latitude: are they swapped?",
    ),
    "metres": (polygon("[[500000,5400000],[1,0],[1,1],[500000,5400000]]"), "1:36", "looks like metres of a projected"),
    "another system": (with_crs("EPSG:32636"), "1:109", "crs: must be WGS 84 (EPSG:4326 or CRS84), got 'EPSG:32636'"),
    "a system without name": (polygon(SQUARE)[:-1] + ',"crs":7}', "1:73", "crs: must be WGS 84"),
    "across the 180th meridian": (
        polygon("[[-179,0],[179,0],[179,1],[-179,0]]"), "1:34", "coordinates.0: goes from longitude -179 to 179",
    ),
}  # fmt: skip

REFUSED_LINES = {
    "a polygon": (polygon(SQUARE), True, "1:9", "type: must be FeatureCollection or Feature or LineString or Multi"),
    "one position": ('{"type":"LineString","coordinates":[[0,0]]}', True, "1:36", "a line has at least 2 positions"),
    "no length": ('{"type":"LineString","coordinates":[[3,4],[3,4]]}', True, "1:36", "coordinates: has no length"),
    "no length in one of several": (
        '{"type":"MultiLineString","coordinates":[[[0,0],[1,1]],\n[[3,4],[3,4]]]}', True, "2:1", "coordinates.1: has",
    ),
    "degrees": ('{"type":"LineString","coordinates":[[0,0],[0,99]]}', True, "1:46", "latitude must be between"),
    "a system in a rectangle": (
        '{"type":"LineString","crs":{"properties":{"name":"EPSG:4326"}},"coordinates":[[0,0],[0,99]]}',
        False, "1:50", "crs: goes with degrees",
    ),
    "far away in a rectangle": (
        '{"type":"LineString","coordinates":[[0,0],[0,1e7]]}', False, "1:46", "coordinates.1: must be at most 1,000",
    ),
    "no position in a rectangle": (
        '{"type":"LineString","coordinates":[[0,0],[0]]}', False, "1:43", "must be a position [east, north] in km",
    ),
}  # fmt: skip
