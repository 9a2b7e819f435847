-- A library as the code at 6135a93 left it (schema 3), its kernel ended in the middle of a job. Never touch this text:
-- such libraries are out there. Clips, one of them deleted, a joined one, ratings, a sweep, a frame that became an image,
-- a refusal, and a job that is under way at the provider.
BEGIN TRANSACTION;
CREATE TABLE deleted (
    job_id TEXT NOT NULL,
    sample INTEGER NOT NULL,
    deleted_at REAL,
    PRIMARY KEY (job_id, sample)
);
INSERT INTO "deleted" VALUES('wurj',0,1800000197.45);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    take INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    operation TEXT,
    error TEXT,
    estimate REAL,
    owner TEXT,
    created_at REAL NOT NULL,
    submitted_at REAL,
    generated_at REAL,
    finished_at REAL,
    filtered TEXT
);
INSERT INTO "jobs" VALUES('bkkc','c9bd1cd329fbfb94df2e8d73602af9ac8aa8f4cf2b85c1daa73d56cc8813f597',1,'gptproto','veo-3.1-fast-generate-preview','{"prompt": "A fox crosses the Straße. SFX: ice.", "model": "veo-3.1-fast-generate-preview", "duration_seconds": 8}','succeeded','models/veo-3.1-fast-generate-preview/operations/op1',NULL,1.2,'desk:7444:49010e58',1800000000.0,1800000000.0,1800000006.13,1800000006.13,'[]');
INSERT INTO "jobs" VALUES('8smt','955c3aa7ee10a801c278f11c2bf0f3991a32d729c495ac8f6acdbc7f260295fa',1,'gptproto','veo-3.1-fast-generate-preview','{"prompt": "Eine Eule, Ärger im Wald", "model": "veo-3.1-fast-generate-preview", "seed": 7, "sample_count": 1}','succeeded','models/veo-3.1-fast-generate-preview/operations/op2',NULL,1.2,'desk:7444:49010e58',1800000066.13,1800000066.13,1800000071.34,1800000071.34,'[]');
INSERT INTO "jobs" VALUES('cafy','deeb61d097a70e0b43513ac18fdbd36a5e0b29b4e5a874caf2b143bef260b72f',1,'gptproto','veo-3.1-fast-generate-preview','{"prompt": "The fox looks back", "model": "veo-3.1-fast-generate-preview", "image": {"sha256": "0da4f8eb3ba64255c5d6c14f7966acbb86439aa08a49cb2e59efd51dd544ef90", "mime": "image/png", "width": 192, "height": 108, "name": ""}}','succeeded','models/veo-3.1-fast-generate-preview/operations/op3',NULL,1.2,'desk:7444:49010e58',1800000131.34,1800000131.34,1800000136.75,1800000136.75,'[]');
INSERT INTO "jobs" VALUES('wurj','3b101e374bd9f86244eb710f2ec3595ad54e2a127952e91f08c54910cdf3b461',1,'gptproto','veo-3.1-fast-generate-preview','{"prompt": "一只狐狸在雪地里", "model": "veo-3.1-fast-generate-preview"}','succeeded','models/veo-3.1-fast-generate-preview/operations/op4',NULL,1.2,'desk:7444:49010e58',1800000196.75,1800000196.75,1800000197.45,1800000197.45,'[]');
INSERT INTO "jobs" VALUES('brcy','dc5e7247cd74a0fc6dcc70fef02ee9205d61a0b56d744c48d7dad8180934ec4e',1,'gptproto','veo-3.1-fast-generate-preview','{"prompt": "A hare at dusk", "model": "veo-3.1-fast-generate-preview", "duration_seconds": 4, "seed": 1}','succeeded','models/veo-3.1-fast-generate-preview/operations/op5',NULL,0.6,'desk:7444:49010e58',1800000257.45,1800000257.45,1800000259.65,1800000259.65,'[]');
INSERT INTO "jobs" VALUES('5uvm','ff6fa9dfb8a75595412ba9ec8592911c17c9347a8a29a81f0a50e344b8acb32d',1,'gptproto','veo-3.1-fast-generate-preview','{"prompt": "A hare at dusk", "model": "veo-3.1-fast-generate-preview", "duration_seconds": 4, "seed": 2}','succeeded','models/veo-3.1-fast-generate-preview/operations/op6',NULL,0.6,'desk:7444:49010e58',1800000257.45,1800000257.45,1800000259.65,1800000259.65,'[]');
INSERT INTO "jobs" VALUES('qrh7','37ee30ecb8490c2d8104c301a537092f64ef8353fac9ba7a79a5c764f7c9e06b',1,'gptproto','veo-3.1-fast-generate-preview','{"prompt": "A wolf at dusk", "model": "veo-3.1-fast-generate-preview", "duration_seconds": 4, "seed": 1}','succeeded','models/veo-3.1-fast-generate-preview/operations/op7',NULL,0.6,'desk:7444:49010e58',1800000257.45,1800000257.45,1800000259.65,1800000259.65,'[]');
INSERT INTO "jobs" VALUES('3z52','5519bb00946b8ae99c2d8c58e9f1f90f1ea551cfff705fd9207883967bb43cb0',1,'gptproto','veo-3.1-fast-generate-preview','{"prompt": "A wolf at dusk", "model": "veo-3.1-fast-generate-preview", "duration_seconds": 4, "seed": 2}','succeeded','models/veo-3.1-fast-generate-preview/operations/op8',NULL,0.6,'desk:7444:49010e58',1800000257.45,1800000257.45,1800000259.65,1800000259.65,'[]');
INSERT INTO "jobs" VALUES('shgt','cc1597339b230c6e04d0f8d16a7c295bef6a0a05da4b23935fea536f9d69b82a',1,'gptproto','veo-3.1-fast-generate-preview','{"prompt": "Something refused", "model": "veo-3.1-fast-generate-preview"}','blocked',NULL,'{"code": "blocked", "message": "The prompt was blocked by safety.", "hint": "Change the prompt or the image; it was not made."}',1.2,'desk:7444:49010e58',1800000319.65,1800000319.65,NULL,1800000319.65,'[]');
INSERT INTO "jobs" VALUES('gpqv','a6effedb4daf84ee09a3148327fd7d6dfe91efe1459ab3a75190c66cc966afcb',1,'gptproto','veo-3.1-fast-generate-preview','{"prompt": "A heron that was under way", "model": "veo-3.1-fast-generate-preview"}','running','models/veo-3.1-fast-generate-preview/operations/op10',NULL,1.2,'desk:7444:49010e58',1800000379.65,1800000379.65,NULL,NULL,NULL);
CREATE TABLE joined (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    pieces TEXT NOT NULL,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    duration REAL NOT NULL,
    fps REAL NOT NULL,
    has_audio INTEGER NOT NULL,
    created_at REAL NOT NULL,
    rating INTEGER CHECK (rating BETWEEN 1 AND 5),
    star INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT ''
);
INSERT INTO "joined" VALUES('c2q5','Fuchs und Eule','[{"job": "bkkc", "sample": 0, "start": 0.0, "end": null}, {"job": "8smt", "sample": 0, "start": 0.0, "end": null}]','2027-01-15/fuchs-und-eule-c2q5.mp4',458503,'8dc319c085e51c69175a7d973b2933aee6ca3eeb6da62a2a8d5bce7d2574dfc5',192,108,1.0,24.0,1,1800000197.45,5,0,'fertig');
CREATE TABLE origins (
    sha256 TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,
    sample INTEGER NOT NULL,
    seconds REAL
);
INSERT INTO "origins" VALUES('0da4f8eb3ba64255c5d6c14f7966acbb86439aa08a49cb2e59efd51dd544ef90','bkkc',0,NULL);
CREATE TABLE owners (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    beat_at REAL NOT NULL
);
CREATE TABLE ratings (
    job_id TEXT NOT NULL REFERENCES jobs (id),
    sample INTEGER NOT NULL,
    rating INTEGER CHECK (rating BETWEEN 1 AND 5),
    star INTEGER NOT NULL,
    note TEXT NOT NULL,
    rated_at REAL NOT NULL,
    PRIMARY KEY (job_id, sample)
);
INSERT INTO "ratings" VALUES('bkkc',0,4,1,'zu DUNKEL',1800000197.45);
INSERT INTO "ratings" VALUES('8smt',0,2,0,'',1800000197.45);
CREATE TABLE sweep_jobs (
    sweep_id TEXT NOT NULL REFERENCES sweeps (id),
    position INTEGER NOT NULL,
    labels TEXT NOT NULL,
    fingerprint TEXT,
    take INTEGER NOT NULL,
    request TEXT,
    reason TEXT NOT NULL,
    hint TEXT NOT NULL,
    PRIMARY KEY (sweep_id, position)
);
INSERT INTO "sweep_jobs" VALUES('s3d2x',0,'{"animal": "hare", "seed": "1"}','dc5e7247cd74a0fc6dcc70fef02ee9205d61a0b56d744c48d7dad8180934ec4e',1,'{"prompt": "A hare at dusk", "model": "veo-3.1-fast-generate-preview", "duration_seconds": 4, "seed": 1}','','');
INSERT INTO "sweep_jobs" VALUES('s3d2x',1,'{"animal": "hare", "seed": "2"}','ff6fa9dfb8a75595412ba9ec8592911c17c9347a8a29a81f0a50e344b8acb32d',1,'{"prompt": "A hare at dusk", "model": "veo-3.1-fast-generate-preview", "duration_seconds": 4, "seed": 2}','','');
INSERT INTO "sweep_jobs" VALUES('s3d2x',2,'{"animal": "wolf", "seed": "1"}','37ee30ecb8490c2d8104c301a537092f64ef8353fac9ba7a79a5c764f7c9e06b',1,'{"prompt": "A wolf at dusk", "model": "veo-3.1-fast-generate-preview", "duration_seconds": 4, "seed": 1}','','');
INSERT INTO "sweep_jobs" VALUES('s3d2x',3,'{"animal": "wolf", "seed": "2"}','5519bb00946b8ae99c2d8c58e9f1f90f1ea551cfff705fd9207883967bb43cb0',1,'{"prompt": "A wolf at dusk", "model": "veo-3.1-fast-generate-preview", "duration_seconds": 4, "seed": 2}','','');
CREATE TABLE sweeps (
    id TEXT PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    prompt TEXT,
    axes TEXT NOT NULL,
    zipped TEXT NOT NULL,
    row_axis TEXT,
    column_axis TEXT,
    fixed TEXT NOT NULL,
    fresh INTEGER NOT NULL,
    entering INTEGER NOT NULL,
    paused INTEGER NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL NOT NULL
);
INSERT INTO "sweeps" VALUES('s3d2x','2670242dbd9ddc11ea3616b537da11b65ed61ee8d63dea50f31b65648938d81d','gptproto','A {{animal}} at dusk','[{"name": "animal", "values": [{"label": "hare", "value": "hare"}, {"label": "wolf", "value": "wolf"}]}, {"name": "seed", "values": [{"label": "1", "value": 1}, {"label": "2", "value": 2}]}]','[]','animal','seed','{"model": "veo-3.1-fast-generate-preview", "duration_seconds": 4, "take": 1}',0,0,0,1800000257.45,1800000257.45);
CREATE TABLE videos (
    job_id TEXT NOT NULL REFERENCES jobs (id),
    sample INTEGER NOT NULL,
    uri TEXT NOT NULL,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    duration REAL NOT NULL,
    fps REAL NOT NULL,
    has_audio INTEGER NOT NULL,
    PRIMARY KEY (job_id, sample)
);
INSERT INTO "videos" VALUES('bkkc',0,'https://api.gptproto.com/upload/v1beta/files/op1-0:download?alt=media','2027-01-15/fox-crosses-bkkc.mp4',230006,'55b5bd02a37da4f1f4d25fc31f171fa5fadcbb9538c3292a23093d68fcc452a0',192,108,0.5,24.0,1);
INSERT INTO "videos" VALUES('8smt',0,'https://api.gptproto.com/upload/v1beta/files/op2-0:download?alt=media','2027-01-15/eine-eule-arger-8smt.mp4',230006,'55b5bd02a37da4f1f4d25fc31f171fa5fadcbb9538c3292a23093d68fcc452a0',192,108,0.5,24.0,1);
INSERT INTO "videos" VALUES('cafy',0,'https://api.gptproto.com/upload/v1beta/files/op3-0:download?alt=media','2027-01-15/fox-looks-back-cafy.mp4',230006,'55b5bd02a37da4f1f4d25fc31f171fa5fadcbb9538c3292a23093d68fcc452a0',192,108,0.5,24.0,1);
INSERT INTO "videos" VALUES('wurj',0,'https://api.gptproto.com/upload/v1beta/files/op4-0:download?alt=media','2027-01-15/clip-wurj.mp4',230006,'55b5bd02a37da4f1f4d25fc31f171fa5fadcbb9538c3292a23093d68fcc452a0',192,108,0.5,24.0,1);
INSERT INTO "videos" VALUES('qrh7',0,'https://api.gptproto.com/upload/v1beta/files/op7-0:download?alt=media','2027-01-15/wolf-at-dusk-qrh7.mp4',230006,'55b5bd02a37da4f1f4d25fc31f171fa5fadcbb9538c3292a23093d68fcc452a0',192,108,0.5,24.0,1);
INSERT INTO "videos" VALUES('3z52',0,'https://api.gptproto.com/upload/v1beta/files/op8-0:download?alt=media','2027-01-15/wolf-at-dusk-3z52.mp4',230006,'55b5bd02a37da4f1f4d25fc31f171fa5fadcbb9538c3292a23093d68fcc452a0',192,108,0.5,24.0,1);
INSERT INTO "videos" VALUES('5uvm',0,'https://api.gptproto.com/upload/v1beta/files/op6-0:download?alt=media','2027-01-15/hare-at-dusk-5uvm.mp4',230006,'55b5bd02a37da4f1f4d25fc31f171fa5fadcbb9538c3292a23093d68fcc452a0',192,108,0.5,24.0,1);
INSERT INTO "videos" VALUES('brcy',0,'https://api.gptproto.com/upload/v1beta/files/op5-0:download?alt=media','2027-01-15/hare-at-dusk-brcy.mp4',230006,'55b5bd02a37da4f1f4d25fc31f171fa5fadcbb9538c3292a23093d68fcc452a0',192,108,0.5,24.0,1);
CREATE INDEX jobs_by_request ON jobs (fingerprint, take, created_at);
CREATE INDEX jobs_by_time ON jobs (created_at);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX sweeps_by_time ON sweeps (started_at);
CREATE INDEX sweep_jobs_by_request ON sweep_jobs (fingerprint, take);
CREATE INDEX jobs_by_end ON jobs (state, finished_at, created_at, id);
CREATE INDEX joined_by_time ON joined (created_at);
CREATE INDEX origins_by_clip ON origins (job_id, sample);
PRAGMA user_version = 3;
COMMIT;
