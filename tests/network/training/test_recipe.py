import pytest

from sunpy_lasco.network.training.recipe import PRESETS, RecipeError, read_recipe


def test_presets_follow_table_1():
    first, second = PRESETS["paper-pretrain"], PRESETS["paper-finetune"]
    assert (first.optimizer, first.batch, first.learning_rate, first.clip) == ("adam", 4, 2e-4, 5e-3)
    assert (second.optimizer, second.batch, second.learning_rate, second.clip) == ("adam", 4, 5e-5, 5e-4)
    names = ("pixel_inner", "pixel_difference", "perceptual", "style_inner", "style_difference")
    assert [first.losses[name] for name in names] == [6, 6, 0.05, 120, 120]
    assert [second.losses[name] for name in names] == [0.2, 0.8, 0.2, 1.2, 1.8]
    physics = ("radial_gradient", "admissibility", "flux")
    assert not any(first.losses[name] for name in physics)
    assert all(second.losses[name] > 0 for name in physics)
    assert first.architecture.layers == second.architecture.layers == PRESETS["paper-full"].architecture.layers == 2
    assert first.teacher_forcing
    assert first.rectangles
    assert PRESETS["paper-full"].architecture.size == 1024


def test_terms_of_presets_exist():
    pytest.importorskip("torch", reason="the terms need torch")
    from sunpy_lasco.network.training.terms.total import TERMS

    for recipe in PRESETS.values():
        assert set(recipe.losses) <= set(TERMS)


def test_files_change_presets(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'preset = "recommended"\nsteps = 10\n[architecture]\nadvance = [4]\nchannels = [4, 8, 8, 8]\n'
        "[losses]\nedge = 0.0\n"
    )
    recipe = read_recipe(path, seed=3, steps=None)
    assert (recipe.name, recipe.steps, recipe.seed) == ("mine", 10, 3)
    assert recipe.architecture.layers == 2
    assert recipe.architecture.channels == (4, 8, 8, 8)
    assert recipe.architecture.kernels == PRESETS["recommended"].architecture.kernels
    assert recipe.losses == PRESETS["recommended"].losses | {"edge": 0.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps = ", "not valid TOML"),
        ('preset = "best"', "no preset 'best'"),
        ("speed = 3", "no speed"),
        ("[architecture]\ndepth = 3", "no depth"),
        ("[architecture]\nsize = 50", "halved"),
    ],
)
def test_what_cannot_be_followed(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=message):
        read_recipe(path)


def test_no_such_recipe():
    with pytest.raises(RecipeError, match="paper-full"):
        read_recipe("nothing.toml")
