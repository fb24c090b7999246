# For Hugging Face Spaces (sdk: docker) and any other host of containers.
FROM python:3.11-slim

# Spaces run the container as user 1000, who needs a home to write to.
RUN useradd --create-home --uid 1000 user
USER user
ENV HOME=/home/user PATH=/home/user/.local/bin:$PATH GPT_PUBLIC=1 GPT_RUNS=/home/user/runs
WORKDIR /home/user/app

COPY --chown=user requirements.txt .
RUN pip install --no-cache-dir --user \
    --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt
COPY --chown=user . .
# A volume that is mounted there belongs to the same user.
RUN mkdir -p /home/user/runs

EXPOSE 8501
CMD ["streamlit", "run", "app.py", "--server.port=8501", "--server.address=0.0.0.0", \
     "--server.headless=true"]
