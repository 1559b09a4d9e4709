"""What training draws from: pictures, packs, clips, and motion made from photographs."""
