"""Makes the list of misspellings behind the feature `typo_rate`.

    cd /usr/share/dict
    make_typos.py american-english-large british-english french spanish ngerman > models/src/text/typos.txt

The list is a hand-written part (KNOWN) and slips of the fingers in very common words (COMMON): two neighbouring letters
exchanged, a letter dropped, a consonant doubled. The first letter stays, as people seldom miss it. The word lists take
no part in making forms; a form that stands in any of them is left out, so that the list accuses no real word, nor a
common one of another language.
"""

import sys
from pathlib import Path

# Misspellings people make because they do not know better, or because the fingers are quicker than the eye.
KNOWN = """
abandonned aberation abscence absense abuot acceptible accidently accomodate accomodation accross acheive acheived
acheivement acknowlege adn adress adressed agian agianst agressive ahve alchohol alltogether allways alot amature
ammount anual anually anwser anythign anyting aobut apparant apparantly appearence aquaintance aquire aquired arent
arguement arguements assasination asside athiest atleast attemp attendence awfull baout basicly bcak beacuse beatiful
beautifull becasue becomming becouse becuase befoer begining beginings beleive beleived beleives belive benificial
benifit beutiful bizzare boundry breif brillant buisness calender camoflage carreer catagory caugth cemetary certian
cheif choosen cmoe coem collegue comitted comming commitee comparision completly concensus concious congradulations
consistant contraversial convienent couldnt critisism critisize curiousity definately definatly definetly definitly
dependant desparate develope developement didnt diffrent dilema disapear disapoint disapointed disapointing dissapear
dissapoint dissapointed doesnt doign dont easely ecstacy embarass embarassed embarassing embarassment enviroment
equiptment everythign everythng evrything excelent excellant excercise existance experiance experiense explaination
extreem facinating familar feild finaly flourescent foriegn fourty freind freindly freinds fullfil futher garantee
gaurantee gaurd generaly goign gonig goverment grammer gratefull greatful guidence haev hapened happend happenned
happpy hapy harrass harrassment hasnt havent heigth hieght horrable htat hte humerous hvae hygeine idenity imediately
imediatly immediatly incidently independant indispensible infomation innoculate instaed intead inteligent interesing
interupt intresting irrelevent irresistable isnt jewelery jsut jutst knowlege knwo konw lenght liase liason libary
liek lightening litle littel lkie lollypop maintainance maintenence mariage millenium minature miniscule minuts
mischievious mispell misspel mkae morgage mountian neccesary neccessary necesary neice nieghbor nothign noticable
occaision occasionaly occassion occured occurence occuring occurrance ohter oportunity oppertunity orginal otehr owrk
paralel parlament particulary pasttime peice peices peopel perfomance perminent persistant personel phenomenom
playright politican posession possesion potatos practicaly preceeding prefered presance privelege priviledge probaly
probly profesional proffesional pronounciation publically realy reccomend recieve recieved recieves recieving recomend
refered refering relevent religous remeber repitition resistence responsability restarant restaraunt rythm secratary
seperate seperated seperately shouldnt sieze similer sincerly soem somehting sometihng somthing speach strenght
succesful successfull sucess supposably suprise suprised suprising suprisingly taek tahn taht teh tehy temperture
tendancy thansk theyre thier thiking thikn thna thnaks thnik threshhold thsi thye tiem tihs tkae tmie togehter
tommorow tommorrow tomorow tounge truely twelth tyrany underate unforseen unfortunatly untill usally usualy vaccum
vegatarian vehical visious waht wasnt wehn whcih whta wich wierd wierdly wiht withold wnat wouldnt writting wrok youre
yuo
""".split()

# About 350 of the most common English words of four letters or more.
COMMON = """
about above across actually after again against almost alone along already also although always among another answer
anyone anything around asked away back beautiful because become been before began behind being believe best better
between book both bring brother business called came cannot change child children city close coffee come coming company
could country course days definitely different does doing done door down during each early easy either else enough even
evening ever every everyone everything exactly example experience face fact family father feel feeling felt few find
finally finished first following food forward found friend friends from full game gave getting give given goes going
gone good government great group grow guess half hand happen happened happy hard have having head hear heard heart help
here high himself history home hope hour hours house however idea important inside instead interesting into itself just
keep kind knew know known large last later learn least leave left less letter life light like likely line little live
living long longer look looking lost love made make making many matter maybe mean means might minute minutes moment
money month months more morning most mother move much music must myself name near need never news next night nothing
number often once only open other outside over own part party people perhaps person picture place play please point
possible power pretty probably problem program public question quickly quite rather ready real really reason remember
right room said same school second seem seemed seems should show side simple since small some someone something
sometimes soon sound special start started state still stop story street strong student such sure system table take
taken talk tell than thank thanks that their them themselves then there these they thing things think thinking this
those though thought three through time today together told tomorrow tonight took toward travel tried true trying
turn turned under understand until usually very wait walk want wanted watch watching water week weekend well went were
what when where which while white whole without woman wonder word words work working world would write writing wrong
year years yesterday young your yourself
""".split()

# Abbreviations, names and rare words that ordinary word lists do not hold.
NOT_TYPOS = set("""
anone boko feeing geos gose hadn haer kenw leats loko looing mayn musci naer nede praty semes toko watter witing woking
""".split())

LEAST_LETTERS = 4
CONSONANTS = set("bcdfghjklmnpqrstvwxyz")


def slips(word):
    """Slips of the fingers in one word, first letter kept."""
    for i in range(1, len(word) - 1):
        yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if len(word) >= 6:  # shorter words with a letter less look like abbreviations
        for i in range(1, len(word) - 1):
            yield word[:i] + word[i + 1 :]
    if len(word) >= 5:
        for i in range(2, len(word) - 1):
            if word[i] in CONSONANTS and word[i] not in (word[i - 1], word[i + 1]):
                yield word[:i] + word[i] + word[i:]


def real_words(paths):
    """Every word of the lists in lower case."""
    return {line.strip().lower() for path in paths for line in Path(path).read_text(encoding="utf-8").splitlines()}


def misspellings(paths):
    """All forms, sorted, without those that are words."""
    forms = set(KNOWN)
    for word in COMMON:
        forms.update(form for form in slips(word) if len(form) >= LEAST_LETTERS and form != word)
    return sorted(forms - real_words(paths) - NOT_TYPOS)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: make_typos.py WORD_LIST [WORD_LIST ...]")
    print("\n".join(misspellings(sys.argv[1:])))
