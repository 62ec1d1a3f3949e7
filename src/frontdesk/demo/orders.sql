-- The orders of a shop that does not exist. Days are counted from today, so that the demo stays fresh.
CREATE TABLE orders (
    number TEXT PRIMARY KEY,
    item_en TEXT NOT NULL,
    item_ko TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    amount_krw INTEGER NOT NULL,
    status TEXT NOT NULL,
    ordered_days INTEGER NOT NULL,
    due_days INTEGER
);

INSERT INTO orders VALUES
    ('2024-1001', 'Walnut desk lamp', '호두나무 책상 조명', 1, 89000, 'on_the_way', -2, 1),
    ('2024-1002', 'Linen curtain, grey', '회색 리넨 커튼', 2, 128000, 'delivered', -9, -6),
    ('2024-1003', 'Celadon tea set', '청자 다기 세트', 1, 156000, 'preparing', 0, 3),
    ('2024-1004', 'Cotton bath towel', '면 목욕 수건', 6, 54000, 'delivered', -14, -11),
    ('2024-1005', 'Bamboo shoe rack', '대나무 신발장', 1, 73000, 'delayed', -5, 2),
    ('2024-1006', 'Brass wall hook', '황동 벽걸이', 4, 36000, 'on_the_way', -1, 1),
    ('2024-1007', 'Oak step stool', '참나무 발판', 1, 62000, 'cancelled', -20, NULL),
    ('2024-1008', 'Wool throw, ochre', '황토색 울 담요', 1, 97000, 'returned', -31, NULL),
    ('2024-1009', 'Glass water jug', '유리 물병', 2, 44000, 'delivered', -4, -2),
    ('2024-1010', 'Ceramic plant pot', '도자기 화분', 3, 51000, 'preparing', -1, 2),
    ('2024-1011', 'Cast-iron pan, 24 cm', '무쇠 프라이팬 24cm', 1, 68000, 'on_the_way', -3, 0),
    ('2024-1012', 'Rice-straw basket', '볏짚 바구니', 2, 39000, 'delivered', -17, -15),
    ('2024-1013', 'Electric kettle, white', '흰색 전기 주전자', 1, 84000, 'delivered', -26, -24),
    ('2024-1014', 'Garden bench, teak', '티크 정원 벤치', 1, 239000, 'delayed', -8, 4),
    ('2024-1015', 'Paper floor lamp', '한지 스탠드 조명', 1, 112000, 'preparing', 0, 2),
    ('2024-1016', 'Buckwheat pillow', '메밀 베개', 2, 58000, 'on_the_way', -2, 1),
    ('2024-1017', 'Stoneware bowl', '석기 사발', 8, 76000, 'delivered', -12, -9),
    ('2024-1018', 'Folding laundry rack', '접이식 빨래 건조대', 1, 47000, 'returned', -40, NULL),
    ('2024-1019', 'Beeswax candle', '밀랍 초', 5, 30000, 'on_the_way', -1, 1),
    ('2024-1020', 'Regular delivery: green tea', '정기 배송: 녹차', 1, 24000, 'preparing', -3, 5);
