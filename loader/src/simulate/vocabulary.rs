//! What simulated people talk about. In templates `{n}` is a thing of the topic, `{d}` a doing of the topic, `{a}` an
//! adjective, `{p}` somebody, `{t}` a time, `{o}` an opener, `{m}` something one may need more of, `{w}` a place.

/// A field of interest.
pub(super) struct Topic {
    pub tag: &'static str,
    pub things: &'static [&'static str],
    pub doings: &'static [&'static str],
}

pub(super) const TOPICS: [Topic; 10] = [
    Topic {
        tag: "football",
        things: &[
            "match", "goalkeeper", "second half", "penalty", "away team", "coach", "transfer", "stadium", "league table",
            "free kick", "derby", "line-up", "referee", "captain", "cup final", "midfield", "academy", "season ticket",
        ],
        doings: &["watching the derby", "training in the rain", "arguing about offside", "queueing for tickets"],
    },
    Topic {
        tag: "cooking",
        things: &[
            "bread", "soup", "oven", "garlic sauce", "curry", "pancakes", "recipe", "kitchen knife", "pizza dough", "salad",
            "stew", "lemon cake", "chilli oil", "noodles", "breakfast", "cheese board", "slow cooker", "herb garden",
        ],
        doings: &["baking bread", "chopping onions", "trying a new recipe", "cleaning the oven"],
    },
    Topic {
        tag: "games",
        things: &[
            "patch", "boss fight", "speedrun", "controller", "tutorial", "expansion", "soundtrack", "side quest", "lobby",
            "ranked queue", "map editor", "save file", "graphics card", "tournament", "co-op mode", "demo", "inventory",
        ],
        doings: &["farming levels", "waiting for the patch", "building a base", "replaying the demo"],
    },
    Topic {
        tag: "music",
        things: &[
            "album", "bass line", "live set", "chorus", "guitar solo", "vinyl", "festival", "playlist", "drummer", "remix",
            "opening act", "lyrics", "piano part", "headphones", "choir", "record shop", "encore", "synth",
        ],
        doings: &["practising scales", "looking for old records", "tuning the guitar", "recording a demo"],
    },
    Topic {
        tag: "travel",
        things: &[
            "train", "airport", "hostel", "ferry", "night bus", "passport queue", "museum", "beach", "mountain trail",
            "old town", "suitcase", "window seat", "market square", "campsite", "tram", "harbour", "viewpoint",
        ],
        doings: &["packing a bag", "walking the coast path", "missing a connection", "planning a road trip"],
    },
    Topic {
        tag: "tech",
        things: &[
            "laptop", "update", "keyboard", "battery", "database", "deploy", "code review", "printer", "spreadsheet", "phone",
            "backup", "router", "meeting invite", "login page", "compiler", "docs page", "search box", "monitor",
        ],
        doings: &["fixing the build", "reading the logs", "moving to a new server", "writing tests"],
    },
    Topic {
        tag: "garden",
        things: &[
            "tomatoes", "hedge", "greenhouse", "compost", "roses", "slugs", "lawn", "apple tree", "seedlings", "pond", "shed",
            "bees", "herb bed", "watering can", "frost", "birdhouse", "onion bed", "allotment",
        ],
        doings: &["pulling weeds", "planting beans", "waiting for rain", "feeding the birds"],
    },
    Topic {
        tag: "politics",
        things: &[
            "council vote", "budget", "debate", "bus lane", "petition", "tax plan", "mayor", "bike path", "housing plan",
            "school board", "hospital", "rent cap", "manifesto", "interview", "turnout", "coalition", "by-election",
        ],
        doings: &["reading the budget", "writing to the mayor", "knocking on doors", "counting votes"],
    },
    Topic {
        tag: "fitness",
        things: &[
            "morning run", "gym", "knee", "half marathon", "yoga class", "bike ride", "rest day", "pool", "protein bar",
            "deadlift", "trainer", "stretching", "hill climb", "sleep tracker", "rowing machine", "warm-up", "personal best",
        ],
        doings: &["running before work", "skipping leg day", "swimming lengths", "stretching properly"],
    },
    Topic {
        tag: "books",
        things: &[
            "novel", "library", "last chapter", "plot twist", "book club", "audiobook", "translation", "short story", "sequel",
            "narrator", "bookshop", "first edition", "poem", "biography", "footnotes", "paperback", "detective story",
        ],
        doings: &["reading in bed", "returning library books", "rereading the trilogy", "sorting my shelves"],
    },
];

pub(super) const ADJECTIVES: &[&str] = &[
    "great", "weird", "beautiful", "boring", "brilliant", "strange", "lovely", "expensive", "different", "perfect", "noisy",
    "calm", "useless", "surprising", "interesting", "messy", "quiet", "overrated", "underrated", "slow", "fresh", "cheap",
    "proper", "ridiculous", "solid", "awkward", "gorgeous", "tired", "clever", "broken", "honest", "warm", "cold", "huge",
];

pub(super) const PEOPLE: &[&str] = &[
    "my friend", "my brother", "the neighbours", "my sister", "the kids", "my boss", "an old friend", "my mum", "my dad",
    "the team", "a stranger", "my flatmate", "everyone", "nobody", "half of the office", "my partner", "the people next door",
];

pub(super) const TIMES: &[&str] = &[
    "today", "tonight", "tomorrow", "this morning", "yesterday", "this week", "last weekend", "again", "all day", "next month",
    "since Monday", "before lunch", "after work", "for years", "at last", "in the end", "every single time", "this year",
];

pub(super) const OPENERS: &[&str] = &[
    "honestly,", "so", "well,", "okay", "not sure but", "I think", "apparently", "turns out", "no idea why but", "I believe",
    "finally:", "small thing, but", "to be fair,", "you know,", "hot take:", "update:", "good news:", "I guess", "look,",
];

pub(super) const NEEDS: &[&str] = &[
    "time", "patience", "money", "coffee", "sleep", "help", "attention", "salt", "practice", "space", "respect", "luck",
    "sunshine", "volume", "sense", "friends", "planning", "courage",
];

pub(super) const PLACES: &[&str] = &[
    "at home", "in town", "at work", "on the train", "by the river", "in the kitchen", "at the station", "online",
    "in the garden", "at school", "upstairs", "down the road", "in the middle of nowhere", "at the shop", "abroad",
];

pub(super) const SENTENCES: &[&str] = &[
    "{o} the {n} was {a} {t}",
    "just finished {d} with {p}, feeling {a}",
    "can someone explain why the {n} is so {a}?",
    "I really think the {n} needs more {m}",
    "{t} I went {d} and {p} loved it",
    "{p} told me the {n} would be {a}, and it was",
    "nothing beats {d} {w}",
    "{o} {p} should see the {n} {w}",
    "the {n} {w} is {a} because {p} forgot about it",
    "who else is {d} {t}?",
    "still {d}. probably {a}, definitely worth it",
    "my {n} and the {n} in one picture, how {a}",
    "{o} I don't believe the {n} until {p} shows me",
    "there is a {a} {n} {w}, go and look",
    "one {a} {n}, a {a} {n} and some {m}: that's all I want",
    "it took {p} {t} to notice the {n}",
    "should I be {d} or should I get {m}?",
    "{t}: {d}. later: the {n}. then sleep",
    "what a {a} {n}! thanks to {p}",
    "never thought the {n} could be this {a}",
    "{p} says the {n} is {a}, which is a {a} thing to say",
    "spent the whole day {d} {w}",
    "every {n} has a {a} side, even {w}",
    "less {n}, more {m}",
    "their {n} is different from ours, but {a}",
    "woke up early for the {n}, it was {a}",
    "how do people manage {d} without {m}?",
    "I have been {d} {t} and the {n} still looks {a}",
    "not going to lie, the {n} {w} made {p} cry",
    "{o} we would need a {a} {n} and a lot of {m}",
    "if the {n} is {a} {t}, blame {p}",
    "remember the {n} {w}? it is {a} now",
    "maybe {d} is the answer after all",
    "there were {a} moments, but the {n} saved it",
    "looking for a {n} that is {a} and not too {a}",
    "got a message about the {n} from {p}, very {a}",
];

pub(super) const REPLIES: &[&str] = &[
    "so true", "love this", "same here", "what do you mean by {n}?", "the {n} is {a} though", "I had that with {p} {t}",
    "no way, {a}!", "thanks for the {n}", "good point about the {n}", "{o} I would say {a}", "which {n}?", "that is so {a}",
    "happy for you", "looks {a}", "send me the {n} please", "you should try {d}", "we were {d} {t} too", "not the {n} again",
    "wait, {p} said that?", "this made my day", "I don't think the {n} is {a}", "{a} as always", "see you {t}", "agreed",
    "haha the {n}", "more {m} please", "exactly what {p} told me {t}", "where is that, {w}?", "a bit {a} if you ask me",
];

pub(super) const GREETINGS: &[&str] = &[
    "good morning everyone", "good night all", "happy friday, have a great weekend", "thank you so much", "congratulations!",
    "happy birthday, have a lovely day", "new post on the blog, link below", "we are live, come and say hello",
    "good morning from {w}", "thanks for following", "coffee first", "what a week", "see you all {t}", "on air now, tune in",
    "today's {n} thread is open", "link in bio", "welcome to all new followers", "daily reminder to get more {m}",
];

pub(super) const EMOJI: &[&str] = &["😀", "😂", "🙏", "🔥", "❤️", "👍", "🎉", "😅", "🤔", "☕", "⚽", "📚", "🌱", "👀", "🎶"];

/// Hosts of links; reserved names, so that no simulated link leads anywhere.
pub(super) const HOSTS: &[&str] = &[
    "news.example.com", "blog.example.org", "video.example.net", "shop.example.com", "pics.example.org", "go.example.net",
    "live.example.com", "www.example.org",
];

/// Phrases of another language, put together from a beginning, a middle and an end.
pub(super) struct Phrasebook {
    pub language: &'static str,
    pub beginnings: &'static [&'static str],
    pub middles: &'static [&'static str],
    pub ends: &'static [&'static str],
    /// Between the parts: some scripts have no spaces.
    pub separator: &'static str,
}

pub(super) const PHRASEBOOKS: [Phrasebook; 6] = [
    Phrasebook {
        language: "es",
        beginnings: &["hoy", "la verdad,", "mi hermana dice que", "no sé por qué", "mañana", "por fin", "creo que", "otra vez"],
        middles: &["el partido", "la comida", "el tren", "este libro", "la música del vecino", "el examen", "la reunión", "el mar"],
        ends: &["estuvo genial", "llega tarde", "me encanta", "no tiene sentido", "es mejor que ayer", "nos hizo reír", "está muy caro"],
        separator: " ",
    },
    Phrasebook {
        language: "fr",
        beginnings: &["ce matin", "franchement,", "je crois que", "mon frère dit que", "encore une fois,", "enfin,", "ce soir"],
        middles: &["le match", "le train", "ce livre", "la réunion", "le café du coin", "la pluie", "mon ordinateur", "le concert"],
        ends: &["était superbe", "me fatigue", "arrive en retard", "vaut le détour", "ne marche plus", "nous a fait rire"],
        separator: " ",
    },
    Phrasebook {
        language: "de",
        beginnings: &["heute", "ehrlich gesagt", "meine Schwester meint,", "schon wieder", "endlich:", "am Wochenende", "gestern"],
        middles: &["das Spiel", "der Zug", "dieses Buch", "das Wetter", "die Sitzung", "der Kuchen", "mein Fahrrad", "das Konzert"],
        ends: &["war großartig", "kommt zu spät", "gefällt mir sehr", "ist viel zu teuer", "hat uns überrascht", "ist kaputt"],
        separator: " ",
    },
    Phrasebook {
        language: "pt",
        beginnings: &["hoje", "acho que", "meu irmão disse que", "de novo", "até que enfim", "amanhã", "sinceramente,"],
        middles: &["o jogo", "a comida", "o ônibus", "este livro", "a praia", "a reunião", "o café", "a festa da rua"],
        ends: &["foi ótimo", "está atrasado", "vale a pena", "ficou caro demais", "me deixou feliz", "não faz sentido"],
        separator: " ",
    },
    Phrasebook {
        language: "ja",
        beginnings: &["今日は", "やっぱり", "昨日の", "久しぶりに", "週末の", "朝から", "友達と"],
        middles: &["コーヒーが", "試合が", "電車が", "本が", "天気が", "ライブが", "ラーメンが", "散歩が"],
        ends: &["最高だった", "遅れている", "とても好き", "楽しみです", "気になる", "よかった", "高すぎる"],
        separator: "",
    },
    Phrasebook {
        language: "ar",
        beginnings: &["اليوم", "بصراحة", "أعتقد أن", "مرة أخرى", "أخيرا", "غدا", "صباح الخير،"],
        middles: &["المباراة", "القهوة", "القطار", "هذا الكتاب", "الطقس", "الاجتماع", "الطريق", "الحفلة"],
        ends: &["كانت رائعة", "متأخر جدا", "يعجبني كثيرا", "أفضل من أمس", "لا يصدق", "غالي جدا"],
        separator: " ",
    },
];

/// Words and how people get them wrong; every wrong form is on the list of misspellings.
pub(super) const SLIPS: &[(&str, &str)] = &[
    ("about", "abuot"), ("again", "agian"), ("and", "adn"), ("apparently", "apparantly"), ("beautiful", "beatiful"),
    ("because", "becuase"), ("before", "befoer"), ("believe", "beleive"), ("definitely", "definately"), ("different", "diffrent"),
    ("doesn't", "doesnt"), ("early", "ealry"), ("every", "evrey"), ("everyone", "evreyone"), ("finally", "finaly"),
    ("friend", "freind"), ("friends", "freinds"), ("have", "ahve"), ("interesting", "intresting"), ("just", "jsut"),
    ("know", "knwo"), ("looking", "lokoing"), ("more", "mroe"), ("people", "peopel"), ("probably", "probaly"),
    ("really", "realy"), ("remember", "remeber"), ("should", "shoudl"), ("surprising", "suprising"), ("than", "thna"),
    ("thanks", "thnaks"), ("that", "taht"), ("the", "teh"), ("their", "thier"), ("there", "tehre"), ("think", "thikn"),
    ("this", "tihs"), ("tomorrow", "tommorow"), ("tonight", "tongiht"), ("until", "untill"), ("weird", "wierd"),
    ("which", "whcih"), ("with", "wiht"), ("without", "withuot"), ("would", "woudl"), ("yesterday", "yesterady"), ("you", "yuo"),
];
