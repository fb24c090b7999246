"""What the lessons share on the Streamlit side."""
