"""Does anything besides the content tell abnormal cases from normal ones?"""
