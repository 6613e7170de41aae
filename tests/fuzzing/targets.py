"""The inputs that are fuzzed."""

from fuzzing import file_input, request_input, result_input, scenario_input, words_input
from fuzzing.target import Target

TARGETS = {
    "scenario": Target(scenario_input.scenario, scenario_input.seeds, scenario_input.changed, 16_384),
    "geojson": Target(file_input.geojson, file_input.geojson_seeds, file_input.changed_geojson, 16_384),
    "csv": Target(file_input.csv, file_input.csv_seeds, file_input.changed_csv),
    "request": Target(request_input.request, request_input.seeds, request_input.changed),
    "result": Target(result_input.result, result_input.seeds, result_input.changed),
    "words": Target(words_input.words, words_input.seeds, words_input.changed, 512),
}
