"""The training service, with a real worker that goes on from a trained model."""

from dataclasses import replace

import torch

from gpt_core.model.gpt import GPT
from gpt_core.model.weights import weights
from gpt_core.training.run import Start
from tests.ui.test_training import request, service, wait_for_state


def test_a_run_goes_on_from_a_model_by_lora(tmp_path):
    asked = request(steps=12, tune="lora", lora_rank=1, learning_rate=0.05)
    torch.manual_seed(0)
    model = GPT(asked.model)
    asked = replace(asked, start=Start("a model", model))
    with service(tmp_path / "runs") as training:
        run_id = training.submit("ana", asked)
        view = wait_for_state(training, run_id, "finished")
        assert view.setup.start == "a model" and view.setup.trained == 128
        run = training.open(run_id)
        before, after = weights(model), weights(run.load_model())
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        assert changed == {
            f"blocks.0.{name}.weight" for name in ("attn.qkv", "attn.proj", "mlp.up", "mlp.down")
        }
        names = {path.name for path in training.archive_files(run_id)}
        assert "model.safetensors" in names and "start.safetensors" not in names
