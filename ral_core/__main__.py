from ral_core.cli import main

raise SystemExit(main())
